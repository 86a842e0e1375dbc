// A WASI command in Rust that takes socket descriptors from dialect v2, its imports declared by hand, and goes on with std::net.
// rust_sockets echo <host> <port>, and "echo=ok" for each thing that std does with it; rust_sockets redis <host> <port>, and what
// redis answers; rust_sockets listen, which accepts its own connection.
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::wasi::io::{AsRawFd, FromRawFd};

#[repr(C)]
#[derive(Default)]
pub struct Address {
    family: u16,
    port: u16,
    scope_id: u32,
    flowinfo: u32,
    octets: [u8; 16],
    reserved: [u8; 4],
}

mod hws {
    use super::Address;
    #[link(wasm_import_module = "hws")]
    extern "C" {
        #[allow(clippy::too_many_arguments)]
        pub fn connect_name(host: *const u8, host_bytes: u32, port: u32, kind: u32, timeout: u64, attempt_delay: u64,
                            socket: *mut i32, winner: *mut Address) -> u32;
        pub fn socket_open(family: u32, kind: u32, flags: u32, socket: *mut i32) -> u32;
        pub fn socket_bind(socket: i32, address: *const Address) -> u32;
        pub fn socket_listen(socket: i32, backlog: u32) -> u32;
        pub fn socket_local_address(socket: i32, address: *mut Address) -> u32;
    }
}

// Of wasi-libc, since std::net's own shutdown is not there for WASI in the Rust of Debian 12.
extern "C" {
    fn shutdown(socket: i32, how: i32) -> i32;
}
const SHUT_WR: i32 = 2;

fn connect(host: &str, port: u16) -> TcpStream {
    let mut fd = -1;
    let mut winner = Address::default();
    let number = unsafe {
        hws::connect_name(host.as_ptr(), host.len() as u32, port as u32, 1, 10_000_000_000, 0, &mut fd, &mut winner)
    };
    assert_eq!(number, 0, "connect_name");
    assert_eq!(winner.port, port, "the winner's port");
    unsafe { TcpStream::from_raw_fd(fd) }
}

fn say(what: &str, good: bool) {
    println!("{}={}", what, if good { "ok" } else { "bad" });
}

fn echo(host: &str, port: u16) {
    let mut stream = connect(host, port);
    stream.write_all(b"first line\nsecond line\n").unwrap();
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    say("line", line == "first line\n");
    let mut rest = vec![0; 12];
    reader.read_exact(&mut rest).unwrap();
    say("exact", rest == b"second line\n");
    let mut stream = reader.into_inner();

    stream.set_nonblocking(true).unwrap();
    let nothing = stream.read(&mut [0; 8]);
    say("would block", nothing.map_err(|e| e.kind()).err() == Some(ErrorKind::WouldBlock));
    stream.set_nonblocking(false).unwrap();

    let big: Vec<u8> = (0..300_000u32).map(|i| (i * 31 % 251) as u8).collect();
    let mut back = vec![0; big.len()];
    for (piece, into) in big.chunks(20_000).zip(back.chunks_mut(20_000)) {
        stream.write_all(piece).unwrap();
        stream.read_exact(into).unwrap();
    }
    say("big", back == big);
    stream.write_all(b"the end").unwrap();
    assert_eq!(unsafe { shutdown(stream.as_raw_fd(), SHUT_WR) }, 0);
    let mut end = String::new();
    stream.read_to_string(&mut end).unwrap();
    say("half close", end == "the end");
    let number = stream.as_raw_fd();
    drop(stream);
    say("smallest number again", connect(host, port).as_raw_fd() == number);
}

fn redis(host: &str, port: u16) {
    let mut stream = connect(host, port);
    stream.write_all(b"SET language rust\r\nGET language\r\nPING\r\n").unwrap();
    let lines = BufReader::new(stream).lines().map(Result::unwrap);
    println!("{}", lines.take(4).collect::<Vec<_>>().join(" "));
}

fn listen() {
    let mut fd = -1;
    let mut address = Address { family: 4, ..Address::default() };
    address.octets[..4].copy_from_slice(&[127, 0, 0, 1]);
    unsafe {
        assert_eq!(hws::socket_open(4, 1, 0, &mut fd), 0);
        assert_eq!(hws::socket_bind(fd, &address), 0);
        assert_eq!(hws::socket_listen(fd, 4), 0);
        assert_eq!(hws::socket_local_address(fd, &mut address), 0);
    }
    let listener = unsafe { TcpListener::from_raw_fd(fd) };
    let mut client = connect("127.0.0.1", address.port);
    let (mut server, _) = listener.accept().unwrap();
    client.write_all(b"to myself").unwrap();
    drop(client);
    let mut text = String::new();
    server.read_to_string(&mut text).unwrap();
    say("accept", text == "to myself");
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    match args[1].as_str() {
        "echo" => echo(&args[2], args[3].parse().unwrap()),
        "redis" => redis(&args[2], args[3].parse().unwrap()),
        _ => listen(),
    }
}
