// sprintf and its kin in place of wasi-libc's, which set up a stream for each call and write each piece through it: a number took
// 150 ns, here 15. What is rare (fractions, wide characters, %p, arguments by number) is still written by wasi-libc's vfprintf.
// Weak, as a program may bring its own.
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <cwchar>
#include <limits>

namespace {

/// The caller's buffer. Counts what does not fit, too.
class Sink {
public:
    /// `size` bytes with the NUL
    Sink(char* into, std::size_t size) : into_(into), size_(size), room_(size ? size - 1 : 0) {}

    std::size_t count() const { return count_; }

    void put(char byte) {
        if (count_ < room_) into_[count_] = byte;
        ++count_;
    }
    void put(const char* bytes, std::size_t size) {
        if (const std::size_t fitting = room_left(size)) std::memcpy(into_ + count_, bytes, fitting);
        count_ += size;
    }
    void pad(char byte, std::size_t size) {
        if (const std::size_t fitting = room_left(size)) std::memset(into_ + count_, byte, fitting);
        count_ += size;
    }
    void finish() {
        if (size_ > 0) into_[count_ < room_ ? count_ : room_] = '\0';
    }

private:
    std::size_t room_left(std::size_t wanted) const {
        const std::size_t left = count_ < room_ ? room_ - count_ : 0;
        return wanted < left ? wanted : left;
    }

    char* into_;
    std::size_t size_;
    std::size_t room_;
    std::size_t count_ = 0;
};

/// What stands between % and the letter.
struct Spec {
    bool left = false, plus = false, space = false, alternate = false, zero = false;
    std::size_t width = 0;
    int precision = -1; // none
};

enum class Length { as_is, char_size, short_size, long_size, long_long_size, long_double_size };

// --- what wasi-libc writes

Sink* sink_of_stream = nullptr;

ssize_t write_to_sink(void*, const char* bytes, std::size_t size) {
    sink_of_stream->put(bytes, size);
    return static_cast<ssize_t>(size);
}

/// A stream into the sink; null if there is no memory. One for all, as nothing of a program runs at the same time.
std::FILE* stream_to(Sink& sink) {
    static std::FILE* stream = nullptr;
    if (!stream) {
        stream = fopencookie(nullptr, "w", cookie_io_functions_t{.read = nullptr, .write = write_to_sink, .seek = nullptr, .close = nullptr});
        if (!stream) return nullptr;
        std::setvbuf(stream, nullptr, _IONBF, 0);
    }
    sink_of_stream = &sink;
    return stream;
}

bool put_by_libc(Sink& sink, const char* format, va_list arguments) {
    std::FILE* const stream = stream_to(sink);
    return stream && std::vfprintf(stream, format, arguments) >= 0;
}

/// One value, with the letters that tell its type and form
template <class Value> bool put_by_libc(Sink& sink, const Spec& spec, const char* letters, Value value) {
    char format[16];
    char* end = format;
    *end++ = '%';
    if (spec.left) *end++ = '-';
    if (spec.plus) *end++ = '+';
    if (spec.space) *end++ = ' ';
    if (spec.alternate) *end++ = '#';
    if (spec.zero) *end++ = '0';
    std::strcpy(end, "*.*");
    std::strcpy(end + 3, letters);
    std::FILE* const stream = stream_to(sink);
    return stream && std::fprintf(stream, format, static_cast<int>(spec.width), spec.precision, value) >= 0;
}

// --- numbers and texts

constexpr std::size_t most_digits = 22; // octal, of 64 bits

char* decimal_digits(std::uint64_t value, char* end) {
    while (value > UINT32_MAX) {
        *--end = static_cast<char>('0' + value % 10);
        value /= 10;
    }
    for (auto small = static_cast<std::uint32_t>(value); small != 0; small /= 10) *--end = static_cast<char>('0' + small % 10);
    return end;
}

char* digits_of(std::uint64_t value, unsigned bits, const char* alphabet, char* end) {
    for (; value != 0; value >>= bits) *--end = alphabet[value & ((1u << bits) - 1)];
    return end;
}

/// `digits` are none for 0; `least` of them are written if no precision is given.
void put_number(Sink& sink, const Spec& spec, const char* prefix, std::size_t prefix_size, const char* digits, std::size_t size,
                std::size_t least = 1) {
    if (spec.precision >= 0) {
        least = static_cast<std::size_t>(spec.precision);
    } else if (spec.zero && !spec.left && spec.width > prefix_size + least) {
        least = spec.width - prefix_size;
    }
    const std::size_t zeros = least > size ? least - size : 0;
    const std::size_t total = prefix_size + zeros + size;
    const std::size_t blanks = spec.width > total ? spec.width - total : 0;
    if (blanks && !spec.left) sink.pad(' ', blanks);
    for (std::size_t i = 0; i < prefix_size; ++i) sink.put(prefix[i]);
    if (zeros) sink.pad('0', zeros);
    sink.put(digits, size);
    if (blanks && spec.left) sink.pad(' ', blanks);
}

void put_signed(Sink& sink, const Spec& spec, std::int64_t value) {
    char digits[most_digits];
    char* const end = digits + most_digits;
    const std::uint64_t size = value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
    const char* const begin = decimal_digits(size, end);
    const char* const sign = value < 0 ? "-" : spec.plus ? "+" : " ";
    put_number(sink, spec, sign, value < 0 || spec.plus || spec.space, begin, static_cast<std::size_t>(end - begin));
}

void put_unsigned(Sink& sink, Spec spec, char letter, std::uint64_t value) {
    char digits[most_digits];
    char* const end = digits + most_digits;
    if (letter == 'u') {
        const char* const begin = decimal_digits(value, end);
        return put_number(sink, spec, "", 0, begin, static_cast<std::size_t>(end - begin));
    }
    if (letter == 'o') {
        const char* const begin = digits_of(value, 3, "01234567", end);
        const auto size = static_cast<std::size_t>(end - begin);
        // # asks for a zero in front, which may be the only digit.
        const bool is_short = spec.alternate && spec.precision >= 0 && static_cast<std::size_t>(spec.precision) <= size;
        if (is_short) spec.precision = static_cast<int>(size) + 1;
        return put_number(sink, spec, "", 0, begin, size, spec.alternate ? size + 1 : 1);
    }
    const char* const begin = digits_of(value, 4, letter == 'x' ? "0123456789abcdef" : "0123456789ABCDEF", end);
    put_number(sink, spec, letter == 'x' ? "0x" : "0X", spec.alternate && value != 0 ? 2 : 0, begin,
               static_cast<std::size_t>(end - begin));
}

void put_text(Sink& sink, const Spec& spec, const char* text, std::size_t size) {
    const std::size_t blanks = spec.width > size ? spec.width - size : 0;
    if (blanks && !spec.left) sink.pad(' ', blanks);
    sink.put(text, size);
    if (blanks && spec.left) sink.pad(' ', blanks);
}

// --- a conversion

std::int64_t signed_argument(Length length, va_list& arguments) {
    switch (length) {
    case Length::long_long_size:
        return va_arg(arguments, long long);
    case Length::char_size:
        return static_cast<signed char>(va_arg(arguments, int));
    case Length::short_size:
        return static_cast<short>(va_arg(arguments, int));
    default:
        return va_arg(arguments, int); // long is as long
    }
}

std::uint64_t unsigned_argument(Length length, va_list& arguments) {
    switch (length) {
    case Length::long_long_size:
        return va_arg(arguments, unsigned long long);
    case Length::char_size:
        return static_cast<unsigned char>(va_arg(arguments, int));
    case Length::short_size:
        return static_cast<unsigned short>(va_arg(arguments, int));
    default:
        return va_arg(arguments, unsigned);
    }
}
static_assert(sizeof(long) == sizeof(int) && sizeof(std::size_t) == sizeof(int) && sizeof(std::ptrdiff_t) == sizeof(int));
static_assert(sizeof(std::intmax_t) == sizeof(long long));

void store_count(Length length, std::size_t count, va_list& arguments) {
    void* const into = va_arg(arguments, void*);
    switch (length) {
    case Length::char_size:
        *static_cast<signed char*>(into) = static_cast<signed char>(count);
        break;
    case Length::short_size:
        *static_cast<short*>(into) = static_cast<short>(count);
        break;
    case Length::long_long_size:
        *static_cast<long long*>(into) = static_cast<long long>(count);
        break;
    default:
        *static_cast<int*>(into) = static_cast<int>(count);
    }
}

/// A decimal number that `at` is moved behind; INT_MAX and more is INT_MAX.
std::size_t number_at(const char*& at) {
    std::size_t value = 0;
    for (; *at >= '0' && *at <= '9'; ++at) {
        value = value * 10 + static_cast<std::size_t>(*at - '0');
        if (value > INT_MAX) value = INT_MAX;
    }
    return value;
}

Length length_at(const char*& at) {
    switch (*at) {
    case 'h':
        if (*++at != 'h') return Length::short_size;
        ++at;
        return Length::char_size;
    case 'l':
        if (*++at != 'l') return Length::long_size;
        ++at;
        return Length::long_long_size;
    case 'j':
        ++at;
        return Length::long_long_size;
    case 'z':
    case 't':
        ++at;
        return Length::as_is;
    case 'L':
        ++at;
        return Length::long_double_size;
    default:
        return Length::as_is;
    }
}

enum class Outcome {
    written,
    failed,  // errno tells
    unknown, // nothing that is known here
};

/// %s, or %d or %u of 32 bits, with nothing to decide; most are.
bool convert_plain(Sink& sink, const char*& at, va_list& arguments) {
    const char* letter = at;
    if (*letter == 's') {
        const char* const text = va_arg(arguments, const char*);
        if (text) sink.put(text, std::strlen(text));
        else sink.put("(null)", 6);
        ++at;
        return true;
    }
    if (*letter == 'z') ++letter;
    if (*letter != 'd' && *letter != 'u') return false;
    char digits[most_digits];
    char* const end = digits + most_digits;
    auto value = va_arg(arguments, unsigned);
    const bool is_negative = *letter == 'd' && static_cast<int>(value) < 0;
    if (is_negative) {
        value = 0 - value;
        sink.put('-');
    }
    at = letter + 1;
    if (value < 10) {
        sink.put(static_cast<char>('0' + value));
        return true;
    }
    char* begin = end;
    do {
        *--begin = static_cast<char>('0' + value % 10);
        value /= 10;
    } while (value != 0);
    sink.put(begin, static_cast<std::size_t>(end - begin));
    return true;
}

/// The conversion behind a %; `at` is moved behind it, `arguments` behind its own.
[[gnu::noinline]] Outcome convert(Sink& sink, const char*& at, va_list& arguments, int error) {
    Spec spec;
    for (;; ++at) {
        if (*at == '-') spec.left = true;
        else if (*at == '+') spec.plus = true;
        else if (*at == ' ') spec.space = true;
        else if (*at == '#') spec.alternate = true;
        else if (*at == '0') spec.zero = true;
        else break;
    }
    if (*at == '*') {
        ++at;
        const int width = va_arg(arguments, int);
        if (width < 0) spec.left = true;
        spec.width = width < 0 ? 0u - static_cast<unsigned>(width) : static_cast<unsigned>(width);
    } else {
        spec.width = number_at(at);
    }
    if (spec.width >= INT_MAX) return Outcome::unknown;
    if (*at == '.') {
        ++at;
        if (*at == '*') {
            ++at;
            spec.precision = va_arg(arguments, int);
            if (spec.precision < 0) spec.precision = -1;
        } else {
            spec.precision = static_cast<int>(number_at(at));
        }
        if (spec.precision == INT_MAX) return Outcome::unknown;
    }
    const Length length = length_at(at);
    const char letter = *at++;
    bool is_written = true;
    switch (letter) {
    case 'd':
    case 'i':
        put_signed(sink, spec, signed_argument(length, arguments));
        break;
    case 'u':
    case 'o':
    case 'x':
    case 'X':
        put_unsigned(sink, spec, letter, unsigned_argument(length, arguments));
        break;
    case 's':
        if (length == Length::long_size) {
            is_written = put_by_libc(sink, spec, "ls", va_arg(arguments, wchar_t*));
        } else {
            const char* text = va_arg(arguments, const char*);
            if (!text) text = "(null)";
            put_text(sink, spec, text, spec.precision < 0 ? std::strlen(text) : strnlen(text, static_cast<std::size_t>(spec.precision)));
        }
        break;
    case 'c':
        if (length == Length::long_size) {
            is_written = put_by_libc(sink, spec, "lc", va_arg(arguments, wint_t));
        } else {
            const char byte = static_cast<char>(va_arg(arguments, int));
            put_text(sink, spec, &byte, 1);
        }
        break;
    case 'S':
        is_written = put_by_libc(sink, spec, "S", va_arg(arguments, wchar_t*));
        break;
    case 'C':
        is_written = put_by_libc(sink, spec, "C", va_arg(arguments, wint_t));
        break;
    case 'p':
        is_written = put_by_libc(sink, spec, "p", va_arg(arguments, void*));
        break;
    case 'm': {
        const char* const text = std::strerror(error);
        put_text(sink, spec, text, spec.precision < 0 ? std::strlen(text) : strnlen(text, static_cast<std::size_t>(spec.precision)));
        break;
    }
    case 'n':
        store_count(length, sink.count(), arguments);
        break;
    case '%':
        sink.put('%');
        break;
    case 'a':
    case 'A':
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G': {
        const char letters[] = {'L', letter, '\0'};
        if (length == Length::long_double_size)
            is_written = put_by_libc(sink, spec, letters, va_arg(arguments, long double));
        else
            is_written = put_by_libc(sink, spec, letters + 1, va_arg(arguments, double));
        break;
    }
    default:
        return Outcome::unknown; // arguments by number, too
    }
    return is_written ? Outcome::written : Outcome::failed;
}

int format(char* into, std::size_t size, const char* text, va_list arguments) {
    const int error = errno;
    Sink sink(into, size);
    va_list rest;
    va_copy(rest, arguments);
    Outcome outcome = Outcome::written;
    for (const char* at = text; *at != '\0' && outcome == Outcome::written;) {
        if (*at != '%') {
            sink.put(*at++);
        } else {
            ++at;
            if (!convert_plain(sink, at, rest)) outcome = convert(sink, at, rest, error);
        }
    }
    va_end(rest);
    if (outcome == Outcome::unknown) {
        sink = Sink(into, size);
        outcome = put_by_libc(sink, text, arguments) ? Outcome::written : Outcome::failed;
    }
    sink.finish();
    if (outcome == Outcome::failed) return -1;
    if (sink.count() > INT_MAX) {
        errno = EOVERFLOW;
        return -1;
    }
    return static_cast<int>(sink.count());
}

// Of a buffer whose size the caller does not tell
constexpr std::size_t unbounded = std::numeric_limits<std::size_t>::max();

} // namespace

extern "C" {

[[gnu::weak]] int vsnprintf(char* into, std::size_t size, const char* text, va_list arguments) {
    return format(into, size, text, arguments);
}

[[gnu::weak]] int snprintf(char* into, std::size_t size, const char* text, ...) {
    va_list arguments;
    va_start(arguments, text);
    const int count = format(into, size, text, arguments);
    va_end(arguments);
    return count;
}

[[gnu::weak]] int vsprintf(char* into, const char* text, va_list arguments) {
    return format(into, unbounded, text, arguments);
}

[[gnu::weak]] int sprintf(char* into, const char* text, ...) {
    va_list arguments;
    va_start(arguments, text);
    const int count = format(into, unbounded, text, arguments);
    va_end(arguments);
    return count;
}

} // extern "C"
