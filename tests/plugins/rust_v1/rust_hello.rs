// A WASI command in Rust. Output, one line each: "hello from Rust", "args=<n>", "system_time=ok", "instant=ok" (after a sleep of
// 20 ms), "random=ok" (HashMap's keys differ), "open=<error kind>", then "bye" on stderr. `exit=<n>` ends with that code,
// `panic` panics.
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

fn say(what: &str, good: bool) {
    println!("{}={}", what, if good { "ok" } else { "bad" });
}

fn main() {
    println!("hello from Rust");
    let args: Vec<String> = std::env::args().collect();
    println!("args={}", args.len());
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| d.as_secs());
    say("system_time", seconds > 1_704_067_200);

    let start = Instant::now();
    std::thread::sleep(Duration::from_millis(20));
    let took = start.elapsed();
    say("instant", took >= Duration::from_millis(20) && took < Duration::from_secs(5));

    // One RandomState takes its keys from the system, so its hash of nothing is a random number; 0 would be a broken source.
    let hash = RandomState::new().build_hasher().finish();
    let mut other = RandomState::new().build_hasher();
    other.write_u8(1);
    say("random", hash != 0 && hash != other.finish());

    match std::fs::File::open("/etc/passwd") {
        Ok(_) => println!("open=opened"),
        Err(error) => println!("open={:?}", error.kind()),
    }
    eprintln!("bye");
    for arg in &args {
        if arg == "panic" {
            panic!("as asked");
        }
        if let Some(code) = arg.strip_prefix("exit=") {
            std::process::exit(code.parse().unwrap_or(1));
        }
    }
}
