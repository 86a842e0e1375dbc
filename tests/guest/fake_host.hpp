#pragma once
/// A host that a test scripts: it defines the imports which the SDK, built natively, calls. One
/// test at a time.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Constructing one makes it the host; destroying it checks that the SDK gave back every block that
/// it owned.
class FakeHost {
public:
    FakeHost();
    ~FakeHost();
    static FakeHost& current();

    // What a test sets.
    std::string input;
    std::map<std::string, std::string> config;
    std::map<std::string, std::string> variables;
    std::int32_t log_level = 2;
    /// Connecting fails when this is false.
    bool accepts = true;
    /// What tcp_recv, udp_recv and icmp_recv give, in turn; none when there is nothing more: 0.
    std::deque<std::string> arriving;
    /// Sends take at most so many bytes before they fail.
    std::size_t sendable_bytes = SIZE_MAX;
    std::optional<std::string> http_answer;
    /// alloc fails beyond this many bytes in one block.
    std::size_t largest_block_bytes = SIZE_MAX;

    // What the SDK did.
    std::vector<std::string> calls;
    std::vector<std::string> sent;
    std::optional<std::string> output;
    std::optional<std::string> error;

    // The kernel.
    std::uint64_t add_block(std::string bytes);
    std::string take(std::int64_t block);
    std::string text(std::int64_t block) const;
    std::uint8_t& byte_at(std::uint64_t address);
    std::size_t live_blocks() const { return blocks_.size(); }
    void free(std::uint64_t block) { blocks_.erase(block); }
    std::uint64_t length(std::uint64_t block) const;
    std::string bytes(std::uint64_t address, std::uint64_t length);

private:
    std::map<std::uint64_t, std::string> blocks_;
    std::uint64_t next_ = 0x1000;
};
