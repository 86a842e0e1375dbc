#include "fake_host.hpp"

#include "../../guest/backend/extism.hpp"
#include "../../guest/backend/v1.hpp"

#include <algorithm>
#include <cstring>
#include <doctest/doctest.h>

namespace {
FakeHost* host = nullptr;
}

FakeHost::FakeHost() {
    host = this;
}

FakeHost::~FakeHost() {
    CHECK(live_blocks() == 0);
    host = nullptr;
}

FakeHost& FakeHost::current() {
    REQUIRE(host);
    return *host;
}

std::uint64_t FakeHost::add_block(std::string bytes) {
    if (bytes.size() > largest_block_bytes) return 0;
    const std::uint64_t offset = next_;
    next_ += bytes.size() + 64;
    blocks_[offset] = std::move(bytes);
    return offset;
}

std::string FakeHost::text(std::int64_t block) const {
    auto found = blocks_.find(static_cast<std::uint64_t>(block));
    return found == blocks_.end() ? std::string() : found->second;
}

std::string FakeHost::take(std::int64_t block) {
    std::string bytes = text(block);
    blocks_.erase(static_cast<std::uint64_t>(block));
    return bytes;
}

std::uint64_t FakeHost::length(std::uint64_t block) const {
    auto found = blocks_.find(block);
    return found == blocks_.end() ? 0 : found->second.size();
}

std::uint8_t& FakeHost::byte_at(std::uint64_t address) {
    auto block = blocks_.upper_bound(address);
    REQUIRE(block != blocks_.begin());
    --block;
    REQUIRE(address - block->first < block->second.size());
    return reinterpret_cast<std::uint8_t&>(block->second[address - block->first]);
}

std::string FakeHost::bytes(std::uint64_t address, std::uint64_t length) {
    std::string bytes;
    for (std::uint64_t i = 0; i < length; ++i)
        bytes += static_cast<char>(byte_at(address + i));
    return bytes;
}

namespace {

std::int32_t connect(std::string_view kind, std::int64_t address) {
    host->calls.push_back(std::string(kind) + " " + host->text(address));
    return host->accepts ? 7 : 0;
}

std::int32_t send(std::int64_t data, std::int64_t length) {
    std::string bytes = host->text(data);
    bytes.resize(std::min<std::size_t>(bytes.size(), static_cast<std::size_t>(length)));
    if (bytes.size() > host->sendable_bytes) return 0;
    host->sendable_bytes -= bytes.size();
    host->sent.push_back(bytes);
    return static_cast<std::int32_t>(bytes.size());
}

std::int64_t receive(std::size_t max) {
    if (host->arriving.empty()) return 0;
    std::string& next = host->arriving.front();
    std::string piece = next.substr(0, max);
    next.erase(0, piece.size());
    if (next.empty()) host->arriving.pop_front();
    return static_cast<std::int64_t>(host->add_block(std::move(piece)));
}

} // namespace

namespace hws::backend::v1::imports {
extern "C" {
std::int32_t hws_env_tcp_connect(std::int64_t address) {
    return connect("tcp_connect", address);
}
std::int32_t hws_env_tcp_send(std::int32_t, std::int64_t data, std::int64_t length) {
    return send(data, length);
}
std::int64_t hws_env_tcp_recv(std::int32_t, std::int32_t max) {
    host->calls.push_back("tcp_recv");
    return receive(static_cast<std::uint32_t>(max));
}
void hws_env_tcp_close(std::int32_t id) {
    host->calls.push_back("tcp_close " + std::to_string(id));
}
std::int32_t hws_env_udp_connect(std::int64_t address) {
    return connect("udp_connect", address);
}
std::int32_t hws_env_udp_send(std::int32_t, std::int64_t data, std::int64_t length) {
    return send(data, length);
}
std::int64_t hws_env_udp_recv(std::int32_t, std::int32_t max) {
    if (host->arriving.empty()) return 0;
    const std::string datagram = host->arriving.front();
    host->arriving.pop_front();
    return static_cast<std::int64_t>(
        host->add_block(datagram.substr(0, static_cast<std::uint32_t>(max))));
}
void hws_env_udp_close(std::int32_t id) {
    host->calls.push_back("udp_close " + std::to_string(id));
}
std::int32_t hws_env_icmp_send(std::int64_t target, std::int64_t payload, std::int64_t length,
                               std::int32_t sequence) {
    host->calls.push_back("icmp_send " + host->text(target) + " " + std::to_string(sequence));
    send(payload, length);
    return host->accepts;
}
std::int64_t hws_env_icmp_recv(std::int32_t timeout_ms) {
    host->calls.push_back("icmp_recv " + std::to_string(timeout_ms));
    return receive(SIZE_MAX);
}
std::int64_t hws_env_http_request(std::int64_t method, std::int64_t url, std::int64_t headers,
                                  std::int64_t body) {
    host->calls.push_back(host->text(method) + " " + host->text(url) + " " + host->text(headers) +
                          " " + (body ? "body " + host->text(body) : "no body"));
    return host->http_answer ? static_cast<std::int64_t>(host->add_block(*host->http_answer)) : 0;
}
}
} // namespace hws::backend::v1::imports

namespace hws::backend::extism::imports {
extern "C" {
std::int64_t hws_extism_alloc(std::int64_t bytes) {
    if (static_cast<std::uint64_t>(bytes) > host->largest_block_bytes) return 0;
    return static_cast<std::int64_t>(
        host->add_block(std::string(static_cast<std::size_t>(bytes), '\0')));
}
void hws_extism_free(std::int64_t block) {
    host->free(static_cast<std::uint64_t>(block));
}
std::int64_t hws_extism_length(std::int64_t block) {
    return static_cast<std::int64_t>(host->length(static_cast<std::uint64_t>(block)));
}
std::int32_t hws_extism_load_u8(std::int64_t address) {
    return host->byte_at(static_cast<std::uint64_t>(address));
}
std::int64_t hws_extism_load_u64(std::int64_t address) {
    const std::string bytes = host->bytes(static_cast<std::uint64_t>(address), 8);
    std::int64_t word;
    std::memcpy(&word, bytes.data(), 8);
    return word;
}
void hws_extism_store_u8(std::int64_t address, std::int32_t value) {
    host->byte_at(static_cast<std::uint64_t>(address)) = static_cast<std::uint8_t>(value);
}
void hws_extism_store_u64(std::int64_t address, std::int64_t value) {
    std::uint8_t bytes[8];
    std::memcpy(bytes, &value, 8);
    for (std::uint64_t i = 0; i < 8; ++i)
        host->byte_at(static_cast<std::uint64_t>(address) + i) = bytes[i];
}
std::int64_t hws_extism_input_length() {
    return static_cast<std::int64_t>(host->input.size());
}
std::int64_t hws_extism_input_offset() {
    // The host's block: the test frees it.
    return static_cast<std::int64_t>(host->add_block(host->input));
}
void hws_extism_output_set(std::int64_t address, std::int64_t length) {
    host->output =
        host->bytes(static_cast<std::uint64_t>(address), static_cast<std::uint64_t>(length));
    host->free(static_cast<std::uint64_t>(address));
}
void hws_extism_error_set(std::int64_t block) {
    host->error = host->take(block);
}
std::int64_t hws_extism_config_get(std::int64_t key) {
    const auto found = host->config.find(host->take(key));
    return found == host->config.end() ? 0
                                       : static_cast<std::int64_t>(host->add_block(found->second));
}
std::int64_t hws_extism_var_get(std::int64_t key) {
    const auto found = host->variables.find(host->text(key));
    return found == host->variables.end()
               ? 0
               : static_cast<std::int64_t>(host->add_block(found->second));
}
void hws_extism_var_set(std::int64_t key, std::int64_t value) {
    if (value)
        host->variables[host->text(key)] = host->text(value);
    else
        host->variables.erase(host->text(key));
}
#define LOG_FUNCTION(level)                                                                        \
    void hws_extism_log_##level(std::int64_t message) {                                            \
        host->calls.push_back(#level " " + host->take(message));                                   \
    }
LOG_FUNCTION(trace)
LOG_FUNCTION(debug)
LOG_FUNCTION(info)
LOG_FUNCTION(warn)
LOG_FUNCTION(error)
std::int32_t hws_extism_get_log_level() {
    return host->log_level;
}
}
} // namespace hws::backend::extism::imports
