// A Rust plugin against dialect v1, its imports declared by hand: std, no crates. Built by Debian's rustc 1.63 as a cdylib.
//
// export       input                   output
// ------------ ----------------------- -----------------------------------------------------------------
// name         anything                "rust_v1"
// description  anything                a sentence
// json_schema  anything                a JSON schema
// execute      "tcp <host:port> <payload>", "udp <host:port> <payload>": the echo
//              "icmp <target> <payload>": the host's JSON
//              "http <METHOD> <URL>": the host's JSON
//              "panic": panics (a trap)
// On failure execute returns 1 and error_set has the name of the function that failed.

#[link(wasm_import_module = "env")]
extern "C" {
    fn tcp_connect(addr_offset: u64) -> u32;
    fn tcp_send(conn_id: u32, data_offset: u64, data_len: u64) -> u32;
    fn tcp_recv(conn_id: u32, max_len: u32) -> u64;
    fn tcp_close(conn_id: u32);
    fn udp_connect(addr_offset: u64) -> u32;
    fn udp_send(conn_id: u32, data_offset: u64, data_len: u64) -> u32;
    fn udp_recv(conn_id: u32, max_len: u32) -> u64;
    fn udp_close(conn_id: u32);
    fn icmp_send(target_offset: u64, payload_offset: u64, payload_len: u64, seq: u16) -> u32;
    fn icmp_recv(timeout_ms: u32) -> u64;
    fn http_request(method: u64, url: u64, headers: u64, body: u64) -> u64;
}

mod extism {
    #[link(wasm_import_module = "extism:host/env")]
    extern "C" {
        pub fn alloc(length: u64) -> u64;
        pub fn free(offset: u64);
        pub fn length(offset: u64) -> u64;
        pub fn load_u8(offset: u64) -> u8;
        pub fn store_u8(offset: u64, value: u8);
        pub fn input_length() -> u64;
        pub fn input_load_u8(index: u64) -> u8;
        pub fn output_set(offset: u64, length: u64);
        pub fn error_set(offset: u64);
    }
}

/// A block of the kernel's memory, freed when dropped.
struct Block(u64);

impl Block {
    fn new(bytes: &[u8]) -> Block {
        let offset = unsafe { extism::alloc(bytes.len() as u64) };
        for (i, byte) in bytes.iter().enumerate() {
            unsafe { extism::store_u8(offset + i as u64, *byte) };
        }
        Block(offset)
    }

    fn received(offset: u64, function: &str) -> Result<Block, String> {
        if offset == 0 {
            return Err(function.to_string());
        }
        Ok(Block(offset))
    }

    fn bytes(&self) -> Vec<u8> {
        let length = unsafe { extism::length(self.0) };
        (0..length)
            .map(|i| unsafe { extism::load_u8(self.0 + i) })
            .collect()
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        if self.0 != 0 {
            unsafe { extism::free(self.0) };
        }
    }
}

fn input() -> String {
    let length = unsafe { extism::input_length() };
    let bytes = (0..length)
        .map(|i| unsafe { extism::input_load_u8(i) })
        .collect();
    String::from_utf8(bytes).unwrap_or_default()
}

fn output(bytes: &[u8]) -> i32 {
    let block = Block::new(bytes);
    unsafe { extism::output_set(block.0, bytes.len() as u64) };
    std::mem::forget(block);
    0
}

fn tcp_echo(address: &str, payload: &[u8]) -> Result<Vec<u8>, String> {
    // With a trailing NUL, as the seed describes the address.
    let id = unsafe { tcp_connect(Block::new(format!("{}\0", address).as_bytes()).0) };
    if id == 0 {
        return Err("tcp_connect".to_string());
    }
    let data = Block::new(payload);
    if unsafe { tcp_send(id, data.0, payload.len() as u64) } as usize != payload.len() {
        return Err("tcp_send".to_string());
    }
    let mut echo = Vec::new();
    while echo.len() < payload.len() {
        let block = Block::received(unsafe { tcp_recv(id, 4096) }, "tcp_recv")?;
        echo.extend(block.bytes());
    }
    unsafe { tcp_close(id) };
    Ok(echo)
}

fn udp_echo(address: &str, payload: &[u8]) -> Result<Vec<u8>, String> {
    let id = unsafe { udp_connect(Block::new(address.as_bytes()).0) };
    if id == 0 {
        return Err("udp_connect".to_string());
    }
    let data = Block::new(payload);
    if unsafe { udp_send(id, data.0, payload.len() as u64) } as usize != payload.len() {
        return Err("udp_send".to_string());
    }
    let datagram = Block::received(unsafe { udp_recv(id, 65535) }, "udp_recv")?.bytes();
    unsafe { udp_close(id) };
    Ok(datagram)
}

fn icmp_echo(target: &str, payload: &[u8]) -> Result<Vec<u8>, String> {
    let target = Block::new(target.as_bytes());
    let data = Block::new(payload);
    if unsafe { icmp_send(target.0, data.0, payload.len() as u64, 7) } != 1 {
        return Err("icmp_send".to_string());
    }
    Ok(Block::received(unsafe { icmp_recv(5000) }, "icmp_recv")?.bytes())
}

fn http(method: &str, url: &str) -> Result<Vec<u8>, String> {
    let method = Block::new(method.as_bytes());
    let url = Block::new(url.as_bytes());
    let headers = Block::new(b"[\"X-Plugin: rust\"]");
    let answer = unsafe { http_request(method.0, url.0, headers.0, 0) };
    Ok(Block::received(answer, "http_request")?.bytes())
}

#[no_mangle]
pub extern "C" fn name() -> i32 {
    output(b"rust_v1")
}

#[no_mangle]
pub extern "C" fn description() -> i32 {
    output(b"Echoes over TCP, UDP, ICMP and HTTP, from Rust.")
}

#[no_mangle]
pub extern "C" fn json_schema() -> i32 {
    output(b"{\"type\":\"string\"}")
}

#[no_mangle]
pub extern "C" fn execute() -> i32 {
    let input = input();
    let words: Vec<&str> = input.splitn(3, ' ').collect();
    let result = match words[..] {
        ["tcp", address, payload] => tcp_echo(address, payload.as_bytes()),
        ["udp", address, payload] => udp_echo(address, payload.as_bytes()),
        ["icmp", target, payload] => icmp_echo(target, payload.as_bytes()),
        ["http", method, url] => http(method, url),
        ["panic"] => panic!("as asked"),
        _ => Err("input".to_string()),
    };
    match result {
        Ok(bytes) => output(&bytes),
        Err(text) => {
            let block = Block::new(text.as_bytes());
            unsafe { extism::error_set(block.0) };
            std::mem::forget(block);
            1
        }
    }
}
