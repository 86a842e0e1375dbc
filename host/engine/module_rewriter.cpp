#include "engine/module_rewriter.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

namespace hws::host::engine {
namespace {

// Wasmtime's limits. A module must not come to exceed one by being rewritten.
constexpr std::size_t max_module_bytes = std::size_t{256} << 20;
constexpr std::size_t max_body_bytes = 7'654'321;
constexpr std::uint64_t max_locals = 50'000;
constexpr std::uint64_t max_items = 1'000'000; // types, imports, functions: of each

constexpr std::uint8_t type_i32 = 0x7f;
constexpr std::uint8_t type_i64 = 0x7e;

using Bytes = std::vector<std::byte>;

/// Reads untrusted bytes. The first failure sticks and moves to the end: whoever loops while
/// `ok()` stops, what is read then is 0.
class Reader {
public:
    explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {}

    bool ok() const { return ok_; }
    bool at_end() const { return at_ == bytes_.size(); }
    std::size_t position() const { return at_; }

    void fail() {
        ok_ = false;
        at_ = bytes_.size();
    }

    std::uint8_t byte() {
        if (at_end()) {
            fail();
            return 0;
        }
        return std::to_integer<std::uint8_t>(bytes_[at_++]);
    }

    std::uint8_t peek() const {
        return at_end() ? std::uint8_t{0} : std::to_integer<std::uint8_t>(bytes_[at_]);
    }

    std::span<const std::byte> take(std::size_t count) {
        if (count > bytes_.size() - at_) {
            fail();
            return {};
        }
        const auto taken = bytes_.subspan(at_, count);
        at_ += count;
        return taken;
    }

    void skip(std::size_t count) { take(count); }

    std::span<const std::byte> since(std::size_t start) const {
        return start <= at_ ? bytes_.subspan(start, at_ - start) : std::span<const std::byte>{};
    }

    std::uint32_t u32() {
        std::uint32_t value = 0;
        for (unsigned shift = 0; shift < 35; shift += 7) {
            const std::uint8_t digit = byte();
            if (shift == 28 && digit > 0x0f) break;
            value |= std::uint32_t{digit & 0x7fu} << shift;
            if (digit < 0x80) return value;
        }
        fail();
        return 0;
    }

    /// A signed or 64-bit number whose value does not matter. Bits that must repeat the sign are
    /// left to the engine's validation, which sees the same bytes.
    void skip_leb(unsigned max_bytes) {
        for (unsigned count = 0; count < max_bytes; ++count)
            if (byte() < 0x80) return;
        fail();
    }

    std::string_view name() {
        const auto text = take(u32());
        return {reinterpret_cast<const char*>(text.data()), text.size()};
    }

    /// A value type, or the heap type behind (ref ..).
    void skip_value_type() {
        const std::uint8_t first = byte();
        if (first == 0x63 || first == 0x64)
            skip_leb(5);
        else if (first < 0x65 || first > 0x7f)
            fail();
    }

    /// A type index, a value type or nothing.
    void skip_block_type() {
        const std::uint8_t first = peek();
        if (first == 0x63 || first == 0x64)
            skip_value_type();
        else
            skip_leb(5);
    }

private:
    std::span<const std::byte> bytes_;
    std::size_t at_ = 0;
    bool ok_ = true;
};

void put_byte(Bytes& out, std::uint8_t value) {
    out.push_back(std::byte{value});
}

void put_u32(Bytes& out, std::uint64_t value) {
    while (value >= 0x80) {
        put_byte(out, static_cast<std::uint8_t>(value | 0x80));
        value >>= 7;
    }
    put_byte(out, static_cast<std::uint8_t>(value));
}

void put(Bytes& out, std::span<const std::byte> bytes) {
    out.insert(out.end(), bytes.begin(), bytes.end());
}

void put_name(Bytes& out, std::string_view name) {
    put_u32(out, name.size());
    put(out, std::as_bytes(std::span(name)));
}

enum class Section : std::uint8_t {
    custom = 0,
    type = 1,
    import = 2,
    function = 3,
    table = 4,
    memory = 5,
    global = 6,
    exported = 7,
    start = 8,
    element = 9,
    code = 10,
    data = 11,
    data_count = 12,
    tag = 13,
};

/// The place of a section in the order the format demands, 0 for one we do not know.
int rank(std::uint8_t id) {
    constexpr std::array<std::uint8_t, 14> ranks = {0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 12, 13, 11, 6};
    return id < ranks.size() ? ranks[id] : 0;
}

int rank(Section id) {
    return rank(static_cast<std::uint8_t>(id));
}

void put_section(Bytes& out, Section id, std::span<const std::byte> content) {
    put_byte(out, static_cast<std::uint8_t>(id));
    put_u32(out, content.size());
    put(out, content);
}

/// Custom sections whose offsets into the code would not be true any more.
bool speaks_of_code_offsets(std::string_view name) {
    // A name that is not ASCII may not be valid UTF-8: the engine is to see it.
    for (const char letter : name)
        if (static_cast<unsigned char>(letter) >= 0x80) return false;
    return name.starts_with(".debug_") || name.starts_with("reloc.") ||
           name.starts_with("metadata.code.") || name == "sourceMappingURL" ||
           name == "external_debug_info";
}

/// One of the four functions, and what replaces a call to it.
struct KernelFunction {
    std::string_view name;
    std::array<std::uint8_t, 2> params; // 0: none
    std::uint8_t result;
    std::uint8_t instruction;

    bool stores() const { return params[1] != 0; }
};

constexpr std::array<KernelFunction, 4> kernel_functions = {{
    {"load_u8", {type_i64, 0}, type_i32, 0x2d},   // i32.load8_u
    {"load_u64", {type_i64, 0}, type_i64, 0x29},  // i64.load
    {"store_u8", {type_i64, type_i32}, 0, 0x3a},  // i32.store8
    {"store_u64", {type_i64, type_i64}, 0, 0x37}, // i64.store
}};

constexpr std::uint8_t encoding_of(abi::WasmType type) {
    return type == abi::WasmType::i32 ? type_i32 : type_i64;
}

/// What the rewriting needs of a function type.
struct FunctionType {
    std::uint32_t params = 0; // how many
    std::uint32_t results = 0;
    std::span<const std::byte> param_types; // as they are encoded
    std::span<const std::byte> result_types;

    bool matches(const KernelFunction& function) const {
        const std::uint8_t* const types = function.params.data();
        return are(param_types, std::span(types, function.stores() ? 2 : 1)) &&
               are(result_types, std::span(&function.result, function.result != 0 ? 1 : 0));
    }

    bool matches(const adapter::HostFunction& function) const {
        return are(param_types, function.params) && are(result_types, function.results);
    }

private:
    static std::uint8_t encoding_of(std::uint8_t type) { return type; }
    static std::uint8_t encoding_of(abi::WasmType type) { return engine::encoding_of(type); }

    template <class Type>
    static bool are(std::span<const std::byte> encoded, std::span<const Type> types) {
        return std::ranges::equal(encoded, types, [](std::byte one, Type type) {
            return std::to_integer<std::uint8_t>(one) == encoding_of(type);
        });
    }
};

/// A function that the module imports.
struct ImportedFunction {
    static constexpr std::uint32_t no_wrapper = ~std::uint32_t{0};

    const KernelFunction* kernel = nullptr; // one of the four
    std::uint32_t wrapper = no_wrapper;     // which of the wrappers stands for it
};

/// A host function that may wait, its import's index and the index of the import's type.
struct Wrapper {
    const adapter::HostFunction* function = nullptr;
    std::uint32_t import = 0;
    std::uint32_t type = 0;
};

/// Which of the `finish_functions` gives the function's result.
std::size_t finish_of(const adapter::HostFunction& function) {
    std::size_t index = 0;
    while (!std::ranges::equal(finish_functions[index].results, function.results))
        ++index;
    return index;
}

constexpr std::array<std::uint8_t, 8> header = {0, 'a', 's', 'm', 1, 0, 0, 0};

bool has_header(std::span<const std::byte> module) {
    return module.size() >= header.size() &&
           std::memcmp(module.data(), header.data(), header.size()) == 0;
}

/// Whether the rewriter adds imports of this name.
bool is_addition(std::string_view module, std::string_view name) {
    return module == finish_module || module.starts_with(begin_prefix) ||
           (module == kernel_memory_module && name == kernel_memory_name);
}

void skip_table_limits(Reader& in) {
    const std::uint8_t flags = in.byte();
    if (flags > 1) in.fail();
    in.u32();
    if (flags == 1) in.u32();
}

/// What stands behind the names of an import, its kind first, but for a function; fails for a
/// memory among others.
void skip_import(std::uint8_t kind, Reader& in) {
    switch (kind) {
    case 1: // table
        in.skip_value_type();
        skip_table_limits(in);
        break;
    case 3: // global
        in.skip_value_type();
        in.byte();
        break;
    case 4: // tag
        in.byte();
        in.u32();
        break;
    default:
        in.fail();
    }
}

class Rewriter {
public:
    Rewriter(std::span<const std::byte> module,
             std::span<const adapter::HostFunction> host_functions)
        : module_(module), host_functions_(host_functions) {}

    std::optional<Bytes> run() {
        if (module_.size() > max_module_bytes || !has_header(module_)) return std::nullopt;
        Reader in(module_);
        put(out_, in.take(header.size()));
        out_.reserve(module_.size() + module_.size() / 4);
        int last_rank = 0;
        while (!in.at_end()) {
            const std::uint8_t id = in.byte();
            const auto content = in.take(in.u32());
            if (!in.ok()) return std::nullopt;
            if (id == 0) {
                if (!custom_section(content)) return std::nullopt;
                continue;
            }
            // Before the imports are known there is nothing to do, and after them only if they are
            // the kernel's or may wait.
            const int own_rank = rank(id);
            if (own_rank <= last_rank) return std::nullopt;
            last_rank = own_rank;
            if (own_rank > rank(Section::import) && !imports_kernel_ && wrappers_.empty())
                return std::nullopt;
            // Wrappers are declared with the module's functions, of which there must be one.
            if (own_rank > rank(Section::function) && !wrappers_.empty() && function_types_.empty())
                return std::nullopt;
            if (!section(static_cast<Section>(id), content)) return std::nullopt;
        }
        // Function bodies and their declarations were counted against each other in code_section.
        if (!has_code_ || (inlined_calls_ == 0 && wrappers_.empty())) return std::nullopt;
        return std::move(out_);
    }

private:
    /// Copies an entry of a section, changed where it must be; fails where it cannot be read.
    using CopyEntry = void (Rewriter::*)(Reader& in, Bytes& out);

    bool section(Section id, std::span<const std::byte> content) {
        Reader in(content);
        const auto entries = [&](CopyEntry copy) { return vector_section(id, in, copy); };
        bool good = true;
        switch (id) {
        case Section::type: // written with the imports, which add to them
            return type_section(in);
        case Section::import:
            return import_section(in);
        case Section::function:
            return function_section(in);
        case Section::table:
            if (!wrappers_.empty()) return entries(&Rewriter::table);
            break;
        case Section::memory:
            good = memory_section(in);
            break;
        case Section::global:
            if (!wrappers_.empty()) return entries(&Rewriter::global);
            break;
        case Section::exported:
            return entries(&Rewriter::exported);
        case Section::start:
            if (!wrappers_.empty()) return start_section(in);
            break;
        case Section::element:
            if (!wrappers_.empty()) return entries(&Rewriter::element_segment);
            break;
        case Section::code:
            return code_section(in);
        case Section::data:
            return entries(&Rewriter::data_segment);
        default: // nothing in it names a memory or a function
            break;
        }
        if (good) put_section(out_, id, content);
        return good;
    }

    bool custom_section(std::span<const std::byte> content) {
        Reader in(content);
        const std::string_view name = in.name();
        if (!in.ok()) return false;
        if (speaks_of_code_offsets(name)) return true;
        if (name != "name" || (has_code_ && wrappers_.empty()))
            put_section(out_, Section::custom, content);
        else if (has_code_)
            name_section(in);
        return true; // names before the code are not where they belong
    }

    /// Function names, renumbered; the names of locals and labels are left out. A section that
    /// cannot be read is left out altogether: engines ignore such.
    void name_section(Reader& in) {
        Bytes content;
        put_name(content, "name");
        while (!in.at_end()) {
            const std::size_t start = in.position();
            const std::uint8_t id = in.byte();
            Reader subsection(in.take(in.u32()));
            if (!in.ok()) return;
            enum : std::uint8_t { functions = 1, locals = 2, labels = 3 };
            if (id == functions) {
                Bytes names;
                if (!function_names(subsection, names)) return;
                put_byte(content, functions);
                put_u32(content, names.size());
                put(content, names);
            } else if (id != locals && id != labels) {
                put(content, in.since(start));
            }
        }
        put_section(out_, Section::custom, content);
    }

    /// The names stand in the order of their indices, which the wrappers' come to end.
    bool function_names(Reader& in, Bytes& out) {
        Bytes moved;
        const std::uint32_t count = in.u32();
        put_u32(out, count);
        for (std::uint32_t index = 0; index < count && in.ok(); ++index) {
            const std::uint32_t function = in.u32();
            const std::string_view name = in.name();
            Bytes& into = is_wrapped(function) ? moved : out;
            put_u32(into, new_index(function));
            put_name(into, name);
        }
        put(out, moved);
        return in.ok() && in.at_end();
    }

    // --- functions ---

    bool is_wrapped(std::uint32_t function) const {
        return function < imports_.size() &&
               imports_[function].wrapper != ImportedFunction::no_wrapper;
    }

    /// What a function's index becomes: imports that are not wrapped, those that are added, the
    /// module's own functions, wrappers. One that was not valid stays so.
    std::uint64_t new_index(std::uint32_t function) const {
        const std::uint64_t own = imports_.size() + function_types_.size();
        if (is_wrapped(function)) return own + finish_imports_ + imports_[function].wrapper;
        if (function < imports_.size()) return function;
        return std::uint64_t{function} + finish_imports_ + (function < own ? 0 : wrappers_.size());
    }

    /// Copies a function's index, as it is now.
    void put_function(Reader& in, Bytes& out) { put_u32(out, new_index(in.u32())); }

    bool type_section(Reader& in) {
        const std::uint32_t count = in.u32();
        if (count > max_items) return false;
        const std::size_t entries = in.position();
        for (std::uint32_t index = 0; index < count && in.ok(); ++index) {
            if (in.byte() != 0x60) return false; // GC types
            FunctionType type;
            type.params = in.u32();
            type.param_types = value_types(in, type.params);
            type.results = in.u32();
            type.result_types = value_types(in, type.results);
            types_.push_back(type);
        }
        type_entries_ = in.since(entries);
        return in.ok() && in.at_end();
    }

    static std::span<const std::byte> value_types(Reader& in, std::uint32_t count) {
        const std::size_t start = in.position();
        for (std::uint32_t index = 0; index < count && in.ok(); ++index)
            in.skip_value_type();
        return in.since(start);
    }

    bool import_section(Reader& in) {
        Bytes content;
        const std::uint32_t count = in.u32();
        if (count > max_items) return false;
        for (std::uint32_t index = 0; index < count && in.ok(); ++index) {
            const std::size_t start = in.position();
            const std::string_view module = in.name();
            const std::string_view name = in.name();
            const std::uint8_t kind = in.byte();
            if (kind != 0) {
                skip_import(kind, in);
            } else { // function
                const std::uint32_t type = in.u32();
                if (in.ok() && imported_function(module, name, type, content)) continue;
            }
            if (is_addition(module, name)) return false;
            put(content, in.since(start));
        }
        if (!in.ok() || !in.at_end()) return false;
        const std::uint32_t finishing = import_finish(content);
        if (imports_kernel_) {
            put_name(content, kernel_memory_module);
            put_name(content, kernel_memory_name);
            for (const std::uint8_t byte : {2, 0, 1})
                put_byte(content, byte); // memory, min only, 1 page
        }
        const std::uint64_t imports = std::uint64_t{count} + finishing + (imports_kernel_ ? 1 : 0);
        const std::uint64_t types = types_.size() + added_types_;
        if (imports > max_items || types > max_items) return false;

        Bytes all_types;
        put_u32(all_types, types);
        put(all_types, type_entries_);
        put(all_types, new_types_);
        if (types > 0) put_section(out_, Section::type, all_types);
        Bytes all_imports;
        put_u32(all_imports, imports);
        put(all_imports, content);
        put_section(out_, Section::import, all_imports);
        return true;
    }

    /// Notes what the import is; true if it was written to `out` as one to be wrapped.
    bool imported_function(std::string_view module, std::string_view name, std::uint32_t type,
                           Bytes& out) {
        ImportedFunction import;
        if (module == kernel_memory_module && type < types_.size())
            for (const KernelFunction& function : kernel_functions)
                if (function.name == name && types_[type].matches(function))
                    import.kernel = &function;
        if (import.kernel != nullptr) imports_kernel_ = true;

        const adapter::HostFunction* wrapped = nullptr;
        if (type < types_.size())
            for (const adapter::HostFunction& function : host_functions_)
                if (function.name == name && function.module == module && function.may_wait() &&
                    types_[type].matches(function))
                    wrapped = &function;
        if (wrapped != nullptr) {
            import.wrapper = static_cast<std::uint32_t>(wrappers_.size());
            wrappers_.push_back({wrapped, static_cast<std::uint32_t>(imports_.size()), type});
            put_name(out, std::string(begin_prefix).append(module));
            put_name(out, name);
            put_byte(out, 0); // function
            put_u32(out, begin_type(*wrapped));
        }
        imports_.push_back(import);
        return wrapped != nullptr;
    }

    /// The index of the type of the import that begins the function, made at its first use.
    std::uint64_t begin_type(const adapter::HostFunction& function) {
        for (const auto& [known, index] : begin_types_)
            if (known == &function) return index;
        const std::uint64_t index = add_type(function.params, function.results, true);
        begin_types_.emplace_back(&function, index);
        return index;
    }

    std::uint64_t add_type(std::span<const abi::WasmType> params,
                           std::span<const abi::WasmType> results, bool tells_whether_done) {
        put_byte(new_types_, 0x60);
        put_u32(new_types_, params.size());
        for (const abi::WasmType type : params)
            put_byte(new_types_, encoding_of(type));
        put_u32(new_types_, results.size() + (tells_whether_done ? 1 : 0));
        for (const abi::WasmType type : results)
            put_byte(new_types_, encoding_of(type));
        if (tells_whether_done) put_byte(new_types_, type_i32);
        return types_.size() + added_types_++;
    }

    /// Appends an import for each kind of result that a wrapped function has; says how many.
    std::uint32_t import_finish(Bytes& out) {
        std::array<bool, finish_functions.size()> is_needed{};
        for (const Wrapper& wrapper : wrappers_)
            is_needed[finish_of(*wrapper.function)] = true;
        for (std::size_t index = 0; index < is_needed.size(); ++index) {
            if (!is_needed[index]) continue;
            put_name(out, finish_module);
            put_name(out, finish_functions[index].name);
            put_byte(out, 0); // function
            put_u32(out, add_type({}, finish_functions[index].results, false));
            finish_indices_[index] = imports_.size() + finish_imports_++;
        }
        return finish_imports_;
    }

    bool function_section(Reader& in) {
        const std::uint32_t count = in.u32();
        const std::uint64_t own = std::uint64_t{count} + wrappers_.size();
        if (own + imports_.size() + finish_imports_ > max_items) return false;
        Bytes content;
        put_u32(content, own);
        const std::size_t entries = in.position();
        for (std::uint32_t index = 0; index < count && in.ok(); ++index)
            function_types_.push_back(in.u32());
        if (!in.ok() || !in.at_end()) return false;
        put(content, in.since(entries));
        for (const Wrapper& wrapper : wrappers_)
            put_u32(content, wrapper.type);
        put_section(out_, Section::function, content);
        return true;
    }

    /// A section that is a vector, each of whose entries is copied by `copy`.
    bool vector_section(Section id, Reader& in, CopyEntry copy) {
        Bytes content;
        const std::uint32_t count = in.u32();
        put_u32(content, count);
        for (std::uint32_t index = 0; index < count && in.ok(); ++index)
            (this->*copy)(in, content);
        if (!in.ok() || !in.at_end()) return false;
        put_section(out_, id, content);
        return true;
    }

    void table(Reader& in, Bytes& out) {
        const std::size_t start = in.position();
        const bool has_expression = in.peek() == 0x40;
        if (has_expression) {
            in.byte();
            if (in.byte() != 0) return in.fail();
        }
        in.skip_value_type();
        skip_table_limits(in);
        put(out, in.since(start));
        if (has_expression) constant_expression(in, out);
    }

    void global(Reader& in, Bytes& out) {
        const std::size_t start = in.position();
        in.skip_value_type();
        in.byte(); // whether it is mutable
        put(out, in.since(start));
        constant_expression(in, out);
    }

    bool start_section(Reader& in) {
        Bytes content;
        put_function(in, content);
        if (!in.ok() || !in.at_end()) return false;
        put_section(out_, Section::start, content);
        return true;
    }

    void element_segment(Reader& in, Bytes& out) {
        enum : std::uint32_t { is_not_active = 1, names_table = 2, has_expressions = 4 };
        const std::uint32_t flags = in.u32();
        if (flags > 7) return in.fail();
        put_u32(out, flags);
        const bool is_active = (flags & is_not_active) == 0;
        if (is_active && (flags & names_table) != 0) put_u32(out, in.u32());
        if (is_active) constant_expression(in, out);
        if ((flags & (is_not_active | names_table)) != 0) {
            // Of which type: a kind that is always 0, or a reference type.
            const std::size_t start = in.position();
            if ((flags & has_expressions) != 0)
                in.skip_value_type();
            else
                in.byte();
            put(out, in.since(start));
        }
        const std::uint32_t count = in.u32();
        put_u32(out, count);
        for (std::uint32_t index = 0; index < count && in.ok(); ++index) {
            if ((flags & has_expressions) != 0)
                constant_expression(in, out);
            else
                put_function(in, out);
        }
    }

    /// At most one memory, 32-bit and not shared.
    static bool memory_section(Reader& in) {
        const std::uint32_t count = in.u32();
        if (count > 1) return false;
        if (count == 1) {
            const std::uint8_t flags = in.byte();
            if (flags > 1) return false;
            in.u32();
            if (flags == 1) in.u32();
        }
        return in.ok() && in.at_end();
    }

    void exported(Reader& in, Bytes& out) {
        const std::size_t start = in.position();
        in.name();
        const std::uint8_t kind = in.byte();
        put(out, in.since(start));
        const std::uint32_t item = in.u32();
        if (kind == 2 && item != 0) return in.fail();
        put_u32(out, kind == 0 ? new_index(item) : kind == 2 ? own_memory() : item);
    }

    void data_segment(Reader& in, Bytes& out) {
        const std::uint32_t mode = in.u32();
        if (mode > 2 || (mode == 2 && in.u32() != 0)) return in.fail();
        if (mode == 1) {
            put_u32(out, 1);
        } else {
            put_u32(out, 2);
            put_u32(out, own_memory());
            constant_expression(in, out);
        }
        const std::size_t start = in.position();
        in.skip(in.u32());
        put(out, in.since(start));
    }

    /// What stands behind i32.const, i64.const, f32.const, f64.const and ref.null.
    static void skip_constant(std::uint8_t opcode, Reader& in) {
        switch (opcode) {
        case 0x42:
            return in.skip_leb(10);
        case 0x43:
            return in.skip(4);
        case 0x44:
            return in.skip(8);
        default:
            return in.skip_leb(5);
        }
    }

    /// Copies an expression of constants, with its `end`.
    void constant_expression(Reader& in, Bytes& out) {
        while (in.ok()) {
            const std::size_t start = in.position();
            const std::uint8_t opcode = in.byte();
            switch (opcode) {
            case 0x0b: // end
                put_byte(out, opcode);
                return;
            case 0xd2: // ref.func
                put_byte(out, opcode);
                put_function(in, out);
                continue;
            case 0x23: // global.get
                in.skip_leb(5);
                break;
            case 0x41: // constants
            case 0x42:
            case 0x43:
            case 0x44:
            case 0xd0:
                skip_constant(opcode, in);
                break;
            case 0xfd: // v128.const
                if (in.u32() != 12) in.fail();
                in.skip(16);
                break;
            case 0x6a: // i32 add, sub, mul; i64 add, sub, mul
            case 0x6b:
            case 0x6c:
            case 0x7c:
            case 0x7d:
            case 0x7e:
                break;
            default: // GC and what is not invented yet
                in.fail();
            }
            put(out, in.since(start));
        }
    }

    bool code_section(Reader& in) {
        const std::uint32_t count = in.u32();
        if (count != function_types_.size()) return false;
        Bytes content;
        content.reserve(module_.size());
        put_u32(content, count + wrappers_.size());
        for (std::uint32_t index = 0; index < count; ++index) {
            const std::uint32_t type = function_types_[index];
            const auto body = in.take(in.u32());
            if (!in.ok() || type >= types_.size()) return false;
            if (!function_body(body, types_[type].params, content)) return false;
        }
        if (!in.at_end()) return false;
        for (const Wrapper& wrapper : wrappers_)
            wrapper_body(wrapper, content);
        put_section(out_, Section::code, content);
        has_code_ = true;
        return true;
    }

    /// begin(arguments); if that was its end, this is the result. If not, finish().
    void wrapper_body(const Wrapper& wrapper, Bytes& out) {
        Bytes& code = code_;
        code.clear();
        put_u32(code, 0); // no locals
        for (std::size_t param = 0; param < wrapper.function->params.size(); ++param) {
            put_byte(code, 0x20); // local.get
            put_u32(code, param);
        }
        put_byte(code, 0x10); // call
        put_u32(code, wrapper.import);
        put_byte(code, 0x0d); // br_if
        put_u32(code, 0);     // out of the function
        for ([[maybe_unused]] const abi::WasmType result : wrapper.function->results)
            put_byte(code, 0x1a); // drop
        put_byte(code, 0x10);     // call
        put_u32(code, finish_indices_[finish_of(*wrapper.function)]);
        put_byte(code, 0x0b); // end
        put_u32(out, code.size());
        put(out, code);
    }

    /// Appends the rewritten body, with its size, to `out`.
    bool function_body(std::span<const std::byte> body, std::uint32_t params, Bytes& out) {
        Reader in(body);
        const std::uint32_t groups = in.u32();
        const std::size_t groups_at = in.position();
        std::uint64_t locals = params;
        for (std::uint32_t group = 0; group < groups && in.ok(); ++group) {
            locals += in.u32();
            in.skip_value_type();
            if (locals > max_locals - 2) return false;
        }
        if (!in.ok() || locals > max_locals - 2) return false;
        const auto local_groups = in.since(groups_at);

        code_.clear();
        new_locals_.clear();
        first_new_local_ = static_cast<std::uint32_t>(locals);
        std::uint8_t last = 0;
        while (!in.at_end())
            last = instruction(in);
        if (!in.ok() || last != 0x0b) return false;

        Bytes& head = head_;
        head.clear();
        put_u32(head, groups + new_locals_.size());
        put(head, local_groups);
        for (const std::uint8_t type : new_locals_) {
            put_u32(head, 1);
            put_byte(head, type);
        }
        const std::size_t bytes = head.size() + code_.size();
        if (bytes > max_body_bytes) return false;
        put_u32(out, bytes);
        put(out, head);
        put(out, code_);
        return true;
    }

    /// Copies one instruction to `code_`, rewritten where it names a memory or calls the kernel.
    /// Returns its first byte.
    std::uint8_t instruction(Reader& in) {
        const std::size_t start = in.position();
        const std::uint8_t opcode = in.byte();
        switch (opcode) {
        case 0x10: { // call
            const std::uint32_t callee = in.u32();
            if (in.ok() && callee < imports_.size() && imports_[callee].kernel != nullptr) {
                inline_call(*imports_[callee].kernel);
                return opcode;
            }
            put_byte(code_, opcode);
            put_u32(code_, new_index(callee));
            return opcode;
        }
        case 0x12: // return_call: of an import too, it stays imported
        case 0xd2: // ref.func
            put_byte(code_, opcode);
            put_function(in, code_);
            return opcode;
        case 0x02: // block, loop, if, try
        case 0x03:
        case 0x04:
        case 0x06:
            in.skip_block_type();
            break;
        case 0x07: // catch, throw, rethrow
        case 0x08:
        case 0x09:
        case 0x0c: // br, br_if
        case 0x0d:
        case 0x14: // call_ref, return_call_ref
        case 0x15:
        case 0x18: // delegate
        case 0x23: // global.get, set; table.get, set
        case 0x24:
        case 0x25:
        case 0x26:
        case 0xd5: // br_on_null, br_on_non_null
        case 0xd6:
            in.u32();
            break;
        case 0x20: // local.get, set, tee: one that is not there must not come to mean a new one
        case 0x21:
        case 0x22:
            if (in.u32() >= first_new_local_) in.fail();
            break;
        case 0x11: // call_indirect, return_call_indirect
        case 0x13:
            in.u32();
            in.u32();
            break;
        case 0x0e: { // br_table
            const std::uint32_t labels = in.u32();
            for (std::uint32_t label = 0; label < labels && in.ok(); ++label)
                in.u32();
            in.u32();
            break;
        }
        case 0x1c: { // select with types
            const std::uint32_t types = in.u32();
            for (std::uint32_t type = 0; type < types && in.ok(); ++type)
                in.skip_value_type();
            break;
        }
        case 0x1f: { // try_table
            in.skip_block_type();
            const std::uint32_t clauses = in.u32();
            for (std::uint32_t clause = 0; clause < clauses && in.ok(); ++clause) {
                const std::uint8_t kind = in.byte();
                if (kind > 3) in.fail();
                if (kind < 2) in.u32(); // tag
                in.u32();               // label
            }
            break;
        }
        case 0x3f: // memory.size, memory.grow
        case 0x40:
            expect_own_memory(in);
            put_byte(code_, opcode);
            put_u32(code_, own_memory());
            return opcode;
        case 0x41: // constants
        case 0x42:
        case 0x43:
        case 0x44:
        case 0xd0:
            skip_constant(opcode, in);
            break;
        case 0xfc:
            bulk_instruction(in);
            return opcode;
        case 0xfd:
            vector_instruction(in);
            return opcode;
        case 0xfe:
            atomic_instruction(in);
            return opcode;
        default:
            if (opcode >= 0x28 && opcode <= 0x3e) { // loads and stores
                put_byte(code_, opcode);
                memory_argument(in);
                return opcode;
            }
            if (!has_no_immediate(opcode)) in.fail(); // GC and what is not invented yet
        }
        put(code_, in.since(start));
        return opcode;
    }

    static bool has_no_immediate(std::uint8_t opcode) {
        switch (opcode) {
        case 0x00: // unreachable
        case 0x01: // nop
        case 0x05: // else
        case 0x0a: // throw_ref
        case 0x0b: // end
        case 0x0f: // return
        case 0x19: // catch_all
        case 0x1a: // drop
        case 0x1b: // select
        case 0xd1: // ref.is_null
        case 0xd3: // ref.eq
        case 0xd4: // ref.as_non_null
            return true;
        default:
            return opcode >= 0x45 && opcode <= 0xc4; // numbers
        }
    }

    /// 0xfc: saturating conversions, bulk memory, tables.
    void bulk_instruction(Reader& in) {
        const std::size_t start = in.position() - 1;
        const std::uint32_t opcode = in.u32();
        switch (opcode) {
        case 8: { // memory.init
            const std::uint32_t segment = in.u32();
            expect_own_memory(in);
            put_prefixed(0xfc, opcode);
            put_u32(code_, segment);
            put_u32(code_, own_memory());
            return;
        }
        case 10: // memory.copy
            expect_own_memory(in);
            expect_own_memory(in);
            put_prefixed(0xfc, opcode);
            put_u32(code_, own_memory());
            put_u32(code_, own_memory());
            return;
        case 11: // memory.fill
            expect_own_memory(in);
            put_prefixed(0xfc, opcode);
            put_u32(code_, own_memory());
            return;
        case 12: // table.init, table.copy
        case 14:
            in.u32();
            in.u32();
            break;
        case 9: // data.drop, elem.drop, table.grow, table.size, table.fill
        case 13:
        case 15:
        case 16:
        case 17:
            in.u32();
            break;
        default:
            if (opcode > 7) in.fail();
        }
        put(code_, in.since(start));
    }

    /// 0xfd: SIMD and relaxed SIMD.
    void vector_instruction(Reader& in) {
        const std::size_t start = in.position() - 1;
        const std::uint32_t opcode = in.u32();
        const bool lane_access = opcode >= 84 && opcode <= 91;
        if (opcode <= 11 || lane_access || opcode == 92 || opcode == 93) {
            put_prefixed(0xfd, opcode);
            memory_argument(in);
            if (lane_access) put_byte(code_, in.byte());
            return;
        }
        if (opcode == 12 || opcode == 13) in.skip(16); // v128.const, i8x16.shuffle
        if (opcode >= 21 && opcode <= 34) in.byte();   // extract and replace a lane
        if (opcode > 0x113) in.fail();
        put(code_, in.since(start));
    }

    /// 0xfe: threads' atomic accesses, which are valid on any memory.
    void atomic_instruction(Reader& in) {
        const std::size_t start = in.position() - 1;
        const std::uint32_t opcode = in.u32();
        if (opcode == 3) { // atomic.fence
            in.byte();
            put(code_, in.since(start));
            return;
        }
        if (opcode > 0x4e || (opcode > 3 && opcode < 0x10)) {
            in.fail();
            return;
        }
        put_prefixed(0xfe, opcode);
        memory_argument(in);
    }

    void put_prefixed(std::uint8_t prefix, std::uint32_t opcode) {
        put_byte(code_, prefix);
        put_u32(code_, opcode);
    }

    /// The index that the plugin's only memory has now.
    std::uint32_t own_memory() const { return imports_kernel_ ? 1 : 0; }

    static void expect_own_memory(Reader& in) {
        if (in.u32() != 0) in.fail();
    }

    /// Alignment and, with bit 6, the memory's index; then the offset.
    void memory_argument(Reader& in) {
        constexpr std::uint32_t has_index = 0x40;
        const std::uint32_t flags = in.u32();
        if (flags >= 2 * has_index) in.fail();
        if ((flags & has_index) != 0) expect_own_memory(in);
        if (imports_kernel_) {
            put_u32(code_, flags | has_index);
            put_u32(code_, own_memory());
        } else {
            put_u32(code_, flags & ~has_index);
        }
        const std::size_t start = in.position();
        in.skip_leb(5); // 32-bit memory; a longer one is invalid
        put(code_, in.since(start));
    }

    void inline_call(const KernelFunction& function) {
        constexpr std::uint8_t local_get = 0x20;
        constexpr std::uint8_t local_set = 0x21;
        constexpr std::uint8_t wrap_i64 = 0xa7;
        ++inlined_calls_;
        if (function.stores()) {
            // The offset lies under the value.
            const std::uint32_t value = new_local(function.params[1]);
            put_byte(code_, local_set);
            put_u32(code_, value);
            put_byte(code_, wrap_i64);
            put_byte(code_, local_get);
            put_u32(code_, value);
        } else {
            put_byte(code_, wrap_i64);
        }
        // Memory 0 without bit 6; alignment 2^0, offset 0.
        for (const std::uint8_t byte : {function.instruction, std::uint8_t{0}, std::uint8_t{0}})
            put_byte(code_, byte);
    }

    /// The index of this function's extra local of the type, declared at its first use.
    std::uint32_t new_local(std::uint8_t type) {
        std::uint32_t index = first_new_local_;
        for (const std::uint8_t existing : new_locals_) {
            if (existing == type) return index;
            ++index;
        }
        new_locals_.push_back(type);
        return index;
    }

    std::span<const std::byte> module_;
    std::span<const adapter::HostFunction> host_functions_;
    Bytes out_;

    std::vector<FunctionType> types_;
    std::span<const std::byte> type_entries_;
    std::vector<ImportedFunction> imports_; // by function index
    std::vector<std::uint32_t> function_types_;
    bool imports_kernel_ = false;
    bool has_code_ = false;
    std::size_t inlined_calls_ = 0;

    std::vector<Wrapper> wrappers_;
    Bytes new_types_;
    std::uint64_t added_types_ = 0;
    std::vector<std::pair<const adapter::HostFunction*, std::uint64_t>> begin_types_;
    std::uint32_t finish_imports_ = 0;
    std::array<std::uint64_t, finish_functions.size()> finish_indices_{};

    // Of the function at hand.
    Bytes head_;
    Bytes code_;
    std::vector<std::uint8_t> new_locals_;
    std::uint32_t first_new_local_ = 0;
};

} // namespace

bool may_be_rewritten(std::span<const std::byte> module) {
    if (!has_header(module)) return false;
    Reader in(module);
    in.skip(header.size());
    while (!in.at_end()) {
        const std::uint8_t id = in.byte();
        Reader imports(in.take(in.u32()));
        if (rank(id) > rank(Section::import) || !in.ok()) return false;
        if (id != static_cast<std::uint8_t>(Section::import)) continue;
        const std::uint32_t count = imports.u32();
        for (std::uint32_t index = 0; index < count && imports.ok(); ++index) {
            const std::string_view from = imports.name();
            const std::string_view name = imports.name();
            if (is_addition(from, name)) return false;
            const std::uint8_t kind = imports.byte();
            if (kind == 0)
                imports.u32();
            else
                skip_import(kind, imports);
        }
        return imports.ok() && imports.at_end();
    }
    return false;
}

std::optional<std::vector<std::byte>>
rewrite(std::span<const std::byte> module, std::span<const adapter::HostFunction> host_functions) {
    return Rewriter(module, host_functions).run();
}

} // namespace hws::host::engine
