#pragma once
/// Turns the typed signature of a row (v1.def, extism.def, preview1.def) into its WebAssembly form,
/// at compile time.
///
/// | of a signature              | is                                                          |
/// |-----------------------------|-------------------------------------------------------------|
/// | lowered_t<S>                | the function type with plain numbers, as a guest imports it |
/// | params_of<S>, results_of<S> | arrays of WasmType, for the host's function types           |
/// | lift_arguments<S>(slots)    | the typed arguments, from the plain numbers of a call       |
/// | typed_call<S, import>       | the import, called with the row's own types                 |
///
/// | type in a row                  | wasm                                                    |
/// |--------------------------------|---------------------------------------------------------|
/// | integer or enum up to 32 bits  | i32                                                     |
/// | integer or enum of 64 bits     | i64                                                     |
/// | Block                          | i64, offset of a block in the kernel's memory, 0 = none |
/// | Fd                             | i32                                                     |
/// | GuestPointer<T>                | i32, address in the guest's own memory                  |
/// | GuestSpan<T>                   | i32 address, i32 number of T                            |
///
/// Nothing here is checked against a memory: a lifted address is still only a number that the guest
/// gave.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>

namespace hws::abi {

/// The types of wasm values that occur in rows.
enum class WasmType : std::uint8_t { i32, i64 };

/// Whether a row's function may park its plugin until something happens outside.
enum class Wait : std::uint8_t { never_waits, waits };
using enum Wait;

/// A block of the Extism kernel's memory, named by its offset. 0 is no block.
struct Block {
    std::uint64_t offset = 0;

    constexpr explicit operator bool() const { return offset != 0; }
    friend constexpr bool operator==(Block, Block) = default;
};

/// A WASI file descriptor of the calling plugin.
struct Fd {
    std::int32_t number = -1;

    friend constexpr bool operator==(Fd, Fd) = default;
};

/// The address of one T in the guest's memory.
template <class T> struct GuestPointer {
    std::uint32_t address = 0;

    friend constexpr bool operator==(GuestPointer, GuestPointer) = default;
};

/// `count` objects of type T that lie one after the other in the guest's memory.
template <class T> struct GuestSpan {
    std::uint32_t address = 0;
    std::uint32_t count = 0;

    friend constexpr bool operator==(GuestSpan, GuestSpan) = default;
};

/// How one type crosses the border: its wasm types, and both directions. `slots` hold one wasm
/// value each, an i32 zero-extended.
template <class T> struct Lower {
    static_assert(std::is_integral_v<T> || std::is_enum_v<T>, "this type has no wasm form");
    static_assert(sizeof(T) <= 8);
    using Number = std::conditional_t<sizeof(T) <= 4, std::int32_t, std::int64_t>;
    using Numbers = std::tuple<Number>;

    static constexpr std::array types{sizeof(T) <= 4 ? WasmType::i32 : WasmType::i64};
    static constexpr T lift(const std::uint64_t* slots) { return static_cast<T>(slots[0]); }
    static constexpr Numbers lower(T value) { return {static_cast<Number>(value)}; }
};

template <> struct Lower<void> {
    using Numbers = std::tuple<>;

    static constexpr std::array<WasmType, 0> types{};
};

template <> struct Lower<Block> {
    using Numbers = std::tuple<std::int64_t>;

    static constexpr std::array types{WasmType::i64};
    static constexpr Block lift(const std::uint64_t* slots) { return {slots[0]}; }
    static constexpr Numbers lower(Block block) {
        return {static_cast<std::int64_t>(block.offset)};
    }
};

template <> struct Lower<Fd> {
    using Numbers = std::tuple<std::int32_t>;

    static constexpr std::array types{WasmType::i32};
    static constexpr Fd lift(const std::uint64_t* slots) {
        return {static_cast<std::int32_t>(slots[0])};
    }
    static constexpr Numbers lower(Fd fd) { return {fd.number}; }
};

template <class T> struct Lower<GuestPointer<T>> {
    using Numbers = std::tuple<std::int32_t>;

    static constexpr std::array types{WasmType::i32};
    static constexpr GuestPointer<T> lift(const std::uint64_t* slots) {
        return {static_cast<std::uint32_t>(slots[0])};
    }
    static constexpr Numbers lower(GuestPointer<T> pointer) {
        return {static_cast<std::int32_t>(pointer.address)};
    }
};

template <class T> struct Lower<GuestSpan<T>> {
    using Numbers = std::tuple<std::int32_t, std::int32_t>;

    static constexpr std::array types{WasmType::i32, WasmType::i32};
    static constexpr GuestSpan<T> lift(const std::uint64_t* slots) {
        return {static_cast<std::uint32_t>(slots[0]), static_cast<std::uint32_t>(slots[1])};
    }
    static constexpr Numbers lower(GuestSpan<T> span) {
        return {static_cast<std::int32_t>(span.address), static_cast<std::int32_t>(span.count)};
    }
};

namespace detail {

template <std::size_t... N> constexpr auto concatenate(const std::array<WasmType, N>&... parts) {
    std::array<WasmType, (N + ... + 0)> all{};
    [[maybe_unused]] std::size_t next = 0;
    [[maybe_unused]] auto append = [&](const auto& part) {
        for (WasmType type : part)
            all[next++] = type;
    };
    (append(parts), ...);
    return all;
}

template <class Result, class Numbers> struct PlainFunction;
template <class Result, class... Numbers> struct PlainFunction<Result, std::tuple<Numbers...>> {
    using type = Result(Numbers...);
};

/// The C++ type of what a wasm function returns: nothing or one number.
template <class Numbers> struct PlainResult;
template <> struct PlainResult<std::tuple<>> {
    using type = void;
};
template <class Number> struct PlainResult<std::tuple<Number>> {
    using type = Number;
};

template <class Signature> struct Lowered;
template <class R, class... A> struct Lowered<R(A...)> {
    using Result = R;
    using Arguments = std::tuple<A...>;
    using Numbers = decltype(std::tuple_cat(std::declval<typename Lower<A>::Numbers>()...));
    using Function = typename PlainFunction<typename PlainResult<typename Lower<R>::Numbers>::type,
                                            Numbers>::type;

    static constexpr auto params = concatenate(Lower<A>::types...);
    static constexpr auto results = Lower<R>::types;

    static constexpr Arguments lift(const std::uint64_t* slots) {
        // Braces evaluate from left to right, so each argument takes its slots in turn.
        [[maybe_unused]] auto take = [&]<class T>(std::type_identity<T>) {
            const std::uint64_t* mine = slots;
            slots += Lower<T>::types.size();
            return Lower<T>::lift(mine);
        };
        return Arguments{take(std::type_identity<A>{})...};
    }
};

template <class Signature, auto import> struct TypedCall;
template <class R, class... A, auto import> struct TypedCall<R(A...), import> {
    // No call operator that needs an object: an import is a function, and so is this.
    static R call(A... arguments) {
        auto numbers = std::tuple_cat(Lower<A>::lower(arguments)...);
        if constexpr (std::is_void_v<R>) {
            std::apply(import, numbers);
        } else {
            auto slot = static_cast<std::uint64_t>(std::apply(import, numbers));
            return Lower<R>::lift(&slot);
        }
    }
};

} // namespace detail

/// The function type with plain numbers, as a guest declares the import.
template <class Signature> using lowered_t = typename detail::Lowered<Signature>::Function;

/// The wasm types of the parameters and of the results (none or one).
template <class Signature> inline constexpr auto params_of = detail::Lowered<Signature>::params;
template <class Signature> inline constexpr auto results_of = detail::Lowered<Signature>::results;

/// The row's own types: a tuple of the arguments, and the result.
template <class Signature> using arguments_t = typename detail::Lowered<Signature>::Arguments;
template <class Signature> using result_t = typename detail::Lowered<Signature>::Result;

/// The typed arguments of a call, from one 64-bit slot per wasm parameter.
template <class Signature>
constexpr arguments_t<Signature>
lift_arguments(std::span<const std::uint64_t, params_of<Signature>.size()> slots) {
    return detail::Lowered<Signature>::lift(slots.data());
}

/// The slot of a wasm result, from the typed value; an i32 is zero-extended.
template <class T>
    requires(Lower<T>::types.size() == 1)
constexpr std::uint64_t lower_result(T value) {
    auto number = std::get<0>(Lower<T>::lower(value));
    return static_cast<std::make_unsigned_t<decltype(number)>>(number);
}

/// `typed_call<Signature, import>(arguments...)`: a row's import, called with the row's own types.
template <class Signature, auto import>
inline constexpr auto typed_call = &detail::TypedCall<Signature, import>::call;

} // namespace hws::abi
