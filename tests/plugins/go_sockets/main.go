// A WASI command in Go that takes socket descriptors from dialect v2 and goes on with package net: net.FileConn, deadlines,
// goroutines. go_sockets echo <host> <port>, and "...=ok" for each thing; go_sockets redis <host> <port>, and what redis answers;
// go_sockets listen, which serves its own connections.
package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

type address struct {
	family   uint16
	port     uint16
	scopeID  uint32
	flowinfo uint32
	octets   [16]byte
	reserved [4]byte
}

//go:wasmimport hws connect_name
func connectName(host unsafe.Pointer, hostBytes uint32, port uint32, kind uint32, timeout uint64, attemptDelay uint64,
	socket unsafe.Pointer, winner unsafe.Pointer) uint32

//go:wasmimport hws socket_open
func socketOpen(family uint32, kind uint32, flags uint32, socket unsafe.Pointer) uint32

//go:wasmimport hws socket_bind
func socketBind(socket int32, local unsafe.Pointer) uint32

//go:wasmimport hws socket_listen
func socketListen(socket int32, backlog uint32) uint32

//go:wasmimport hws socket_local_address
func socketLocalAddress(socket int32, local unsafe.Pointer) uint32

func check(what string, number uint32) {
	if number != 0 {
		fmt.Println(what, "failed with", number)
		os.Exit(1)
	}
}

func must(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func say(what string, good bool) {
	if good {
		fmt.Println(what + "=ok")
	} else {
		fmt.Println(what + "=bad")
	}
}

// file gives Go's runtime a descriptor to wait for: its poller wants it non-blocking.
func file(fd int32) *os.File {
	must(syscall.SetNonblock(int(fd), true))
	return os.NewFile(uintptr(fd), "socket")
}

func connect(host string, port int) net.Conn {
	name := []byte(host)
	var fd int32
	var winner address
	check("connect_name", connectName(unsafe.Pointer(&name[0]), uint32(len(name)), uint32(port), 1, 10_000_000_000, 0,
		unsafe.Pointer(&fd), unsafe.Pointer(&winner)))
	f := file(fd)
	defer f.Close()
	conn, err := net.FileConn(f)
	must(err)
	return conn
}

func echo(host string, port int) {
	conn := connect(host, port)
	_, err := conn.Write([]byte("first line\nsecond line\n"))
	must(err)
	reader := bufio.NewReader(conn)
	first, err := reader.ReadString('\n')
	must(err)
	second, err := reader.ReadString('\n')
	must(err)
	say("lines", first == "first line\n" && second == "second line\n")

	must(conn.SetReadDeadline(time.Now().Add(30 * time.Millisecond)))
	_, err = conn.Read(make([]byte, 8))
	say("deadline", errors.Is(err, os.ErrDeadlineExceeded))
	must(conn.SetReadDeadline(time.Time{}))

	// Writing and reading at once, from two goroutines.
	big := make([]byte, 4<<20)
	for i := range big {
		big[i] = byte(i * 31 % 251)
	}
	go func() {
		_, err := conn.Write(big)
		must(err)
		must(conn.(*net.TCPConn).CloseWrite())
	}()
	back, err := io.ReadAll(conn)
	must(err)
	say("big", bytes.Equal(back, big))
	must(conn.Close())

	// Many connections, a goroutine each.
	var all sync.WaitGroup
	good := make([]bool, 20)
	for i := range good {
		all.Add(1)
		go func(i int) {
			defer all.Done()
			conn := connect(host, port)
			defer conn.Close()
			text := strings.Repeat(strconv.Itoa(i), 100)
			_, err := conn.Write([]byte(text))
			must(err)
			back := make([]byte, len(text))
			_, err = io.ReadFull(conn, back)
			good[i] = err == nil && string(back) == text
		}(i)
	}
	all.Wait()
	count := 0
	for _, one := range good {
		if one {
			count++
		}
	}
	say("goroutines", count == len(good))
}

func redis(host string, port int) {
	conn := connect(host, port)
	_, err := conn.Write([]byte("SET language go\r\nGET language\r\nPING\r\n"))
	must(err)
	scanner := bufio.NewScanner(conn)
	var lines []string
	for len(lines) < 4 && scanner.Scan() {
		lines = append(lines, scanner.Text())
	}
	fmt.Println(strings.Join(lines, " "))
}

func listen() {
	local := address{family: 4}
	copy(local.octets[:], []byte{127, 0, 0, 1})
	var fd int32
	check("socket_open", socketOpen(4, 1, 0, unsafe.Pointer(&fd)))
	check("socket_bind", socketBind(fd, unsafe.Pointer(&local)))
	check("socket_listen", socketListen(fd, 4))
	check("socket_local_address", socketLocalAddress(fd, unsafe.Pointer(&local)))
	listener, err := net.FileListener(file(fd))
	must(err)
	served := make(chan string)
	go func() {
		for i := 0; i < 3; i++ {
			conn, err := listener.Accept()
			must(err)
			text, err := io.ReadAll(conn)
			must(err)
			must(conn.Close())
			served <- string(text)
		}
	}()
	count := 0
	for i := 0; i < 3; i++ {
		conn := connect("127.0.0.1", int(local.port))
		_, err := conn.Write([]byte("to myself"))
		must(err)
		must(conn.Close())
		if <-served == "to myself" {
			count++
		}
	}
	say("accept", count == 3)
}

func main() {
	if len(os.Args) == 4 {
		port, err := strconv.Atoi(os.Args[3])
		must(err)
		if os.Args[1] == "redis" {
			redis(os.Args[2], port)
		} else {
			echo(os.Args[2], port)
		}
		return
	}
	listen()
}
