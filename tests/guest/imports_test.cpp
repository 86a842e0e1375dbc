// The SDK's plugins import what the tables have, with the tables' types, and only what they use.
#include <array>
#include <doctest/doctest.h>
#include <fstream>
#include <iterator>
#include <lower.hpp>
#include <map>
#include <string>
#include <v2.hpp>
#include <vector>

using namespace hws::abi;
using namespace hws::abi::v2;

namespace {

struct FunctionType {
    std::vector<int> params;
    std::vector<int> results;
    friend bool operator==(const FunctionType&, const FunctionType&) = default;
};

using Imports = std::map<std::string, FunctionType>;

/// Reads a module's import section, and the types it needs.
class ModuleReader {
public:
    explicit ModuleReader(const std::string& path) {
        std::ifstream file(path, std::ios::binary);
        bytes_.assign(std::istreambuf_iterator<char>(file), {});
        REQUIRE_MESSAGE(bytes_.size() > 8, path);
    }

    Imports imports() {
        std::vector<FunctionType> types;
        Imports imports;
        for (position_ = 8; position_ < bytes_.size();) {
            const int section = byte();
            const std::size_t end = number() + position_;
            if (section == 1) {
                for (std::size_t count = number(); count > 0; --count) {
                    REQUIRE(byte() == 0x60);
                    FunctionType type;
                    for (std::size_t n = number(); n > 0; --n)
                        type.params.push_back(byte());
                    for (std::size_t n = number(); n > 0; --n)
                        type.results.push_back(byte());
                    types.push_back(type);
                }
            } else if (section == 2) {
                for (std::size_t count = number(); count > 0; --count) {
                    const std::string module = name();
                    const std::string function = name();
                    REQUIRE(byte() == 0);
                    imports[module + "." + function] = types.at(number());
                }
            }
            position_ = end;
        }
        return imports;
    }

private:
    int byte() { return static_cast<unsigned char>(bytes_.at(position_++)); }
    std::size_t number() {
        std::size_t value = 0;
        for (int shift = 0;; shift += 7) {
            const int part = byte();
            value |= std::size_t(part & 127) << shift;
            if (part < 128) return value;
        }
    }
    std::string name() {
        const std::size_t size = number();
        position_ += size;
        return bytes_.substr(position_ - size, size);
    }

    std::string bytes_;
    std::size_t position_ = 0;
};

template <class Signature> FunctionType type_of() {
    FunctionType type;
    for (WasmType param : params_of<Signature>)
        type.params.push_back(param == WasmType::i32 ? 0x7f : 0x7e);
    for (WasmType result : results_of<Signature>)
        type.results.push_back(result == WasmType::i32 ? 0x7f : 0x7e);
    return type;
}

const Imports tables{
#define ABI_FUNCTION(name, signature, wait, sentence) {"env." #name, type_of<signature>()},
#include <v1.def>
#undef ABI_FUNCTION
#define ABI_FUNCTION(name, signature, wait, sentence) {"hws." #name, type_of<signature>()},
#include <functions.def>
#undef ABI_FUNCTION
#define ABI_KERNEL_FUNCTION(name, signature, sentence)                                             \
    {"extism:host/env." #name, type_of<signature>()},
#define ABI_FUNCTION(name, signature, wait, sentence)                                              \
    {"extism:host/env." #name, type_of<signature>()},
#include <extism.def>
#undef ABI_KERNEL_FUNCTION
#undef ABI_FUNCTION
};

Imports imports_of(const std::string& plugin) {
    return ModuleReader(HWS_GUEST_DIR "/" + plugin + ".wasm").imports();
}

} // namespace

TEST_CASE("a plugin's imports have the names and types of the tables, or are WASI's") {
    for (const char* plugin : {"greet", "hello_net", "net_sdk"}) {
        for (const auto& [name, type] : imports_of(plugin)) {
            CAPTURE(plugin);
            CAPTURE(name);
            if (name.starts_with("wasi_snapshot_preview1.")) continue;
            REQUIRE(tables.contains(name));
            CHECK(tables.at(name) == type);
        }
    }
}

TEST_CASE("a plugin that has nothing to do with the network imports nothing of it") {
    for (const auto& [name, type] : imports_of("greet")) {
        CAPTURE(name);
        CHECK_FALSE(name.starts_with("env."));
        CHECK_FALSE(name.starts_with("hws."));
    }
}

TEST_CASE("a plugin that uses everything imports the whole dialect") {
    const Imports imports = imports_of("net_sdk");
    for (const auto& [name, type] : tables) {
        CAPTURE(name);
        if (name.starts_with("env.")) CHECK(imports.contains(name));
    }
}
