// A WASI command in Go. Output, one line each: "hello from Go", "args=<n>", "now=ok", "sleep=ok" (20 ms), "random=ok",
// "goroutines=ok" (1000 of them added up), "open=<true|false>" (whether /etc/passwd could be opened), then "bye" on stderr.
// exit=<n> ends with that code, panic panics.
package main

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

func say(what string, good bool) {
	if good {
		fmt.Println(what + "=ok")
	} else {
		fmt.Println(what + "=bad")
	}
}

func main() {
	fmt.Println("hello from Go")
	fmt.Printf("args=%d\n", len(os.Args))
	say("now", time.Now().Year() >= 2024)

	start := time.Now()
	time.Sleep(20 * time.Millisecond)
	took := time.Since(start)
	say("sleep", took >= 20*time.Millisecond && took < 5*time.Second)

	one, two := make([]byte, 16), make([]byte, 16)
	_, errOne := rand.Read(one)
	_, errTwo := rand.Read(two)
	say("random", errOne == nil && errTwo == nil && !bytes.Equal(one, two))

	var group sync.WaitGroup
	var lock sync.Mutex
	sum := 0
	for i := 1; i <= 1000; i++ {
		group.Add(1)
		go func(n int) {
			defer group.Done()
			lock.Lock()
			sum += n
			lock.Unlock()
		}(i)
	}
	group.Wait()
	say("goroutines", sum == 500500)

	_, err := os.Open("/etc/passwd")
	fmt.Printf("open=%t\n", err == nil)
	fmt.Fprintln(os.Stderr, "bye")
	for _, arg := range os.Args[1:] {
		if arg == "panic" {
			panic("as asked")
		}
		if strings.HasPrefix(arg, "exit=") {
			code, _ := strconv.Atoi(arg[len("exit="):])
			os.Exit(code)
		}
	}
}
