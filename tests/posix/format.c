/* sprintf and its kin: every flag with every width, precision, length and value. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <errno.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

/* Formats are made here. */
#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-security"
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-truncation"
#pragma GCC diagnostic ignored "-Wformat-overflow"

static const char* const flags[] = {"", "-", "0", "+", " ", "#", "-0", "+-", "#0", "#-", "+0", " 0", "- +#0"};
static const char* const widths[] = {"", "1", "5", "12", "30"};
static const char* const precisions[] = {"", ".", ".0", ".1", ".4", ".25"};
#define COUNT(list) (sizeof(list) / sizeof(list)[0])

static char text[600];

/* What is printed is long: each value's forms are on one line. */
static void each_form(const char* letters, void (*one)(const char* format)) {
    size_t f, w, p;
    char format[40];
    for (f = 0; f < COUNT(flags); ++f) {
        printf("%%%s%s:", flags[f], letters);
        for (w = 0; w < COUNT(widths); ++w)
            for (p = 0; p < COUNT(precisions); ++p) {
                strcpy(format, "%");
                strcat(strcat(strcat(strcat(format, flags[f]), widths[w]), precisions[p]), letters);
                one(format);
            }
        printf("\n");
    }
}
static void show(int count) {
    printf(" [%s]%s", text, count == (int)strlen(text) ? "" : " (counted wrongly)");
}

static void ints(const char* format) {
    static const int values[] = {0, 1, -1, 7, 42, -300, 99999, INT_MAX, INT_MIN};
    size_t i;
    for (i = 0; i < COUNT(values); ++i) show(sprintf(text, format, values[i]));
}
static void long_longs(const char* format) {
    static const long long values[] = {0, -1, 1000000000000, LLONG_MAX, LLONG_MIN, 4294967296, 4294967295};
    size_t i;
    for (i = 0; i < COUNT(values); ++i) show(sprintf(text, format, values[i]));
}
static void doubles(const char* format) {
    static const double values[] = {0.0, -0.0, 1.0, -1.5, 0.1, 123456.789, 1e100, 5e-324, INFINITY, -INFINITY};
    size_t i;
    for (i = 0; i < COUNT(values); ++i) show(sprintf(text, format, values[i]));
}
static void texts(const char* format) {
    show(sprintf(text, format, "")), show(sprintf(text, format, "a")), show(sprintf(text, format, "some text"));
    show(sprintf(text, format, "a text of more than thirty characters"));
}
static void chars(const char* format) {
    show(sprintf(text, format, 'a')), show(sprintf(text, format, 'b' + 256));
}

static int by_list(char* into, size_t size, const char* format, ...) {
    va_list arguments;
    int count;
    va_start(arguments, format);
    count = size ? vsnprintf(into, size, format, arguments) : vsprintf(into, format, arguments);
    va_end(arguments);
    return count;
}

int main(void) {
    static const char* const of_int[] = {"d", "i", "u", "x", "X", "o", "hhd", "hhu", "hd", "hu", "hx", "ld", "lu", "zu", "zd", "td"};
    static const char* const of_long_long[] = {"lld", "llu", "llx", "llX", "llo", "jd", "ju"};
    static const char* const of_double[] = {"f", "e", "g", "G", "E", "F"};
    size_t i, size;
    int count, n1 = -1;
    signed char n2 = -1;
    short n3 = -1;
    long long n4 = -1;
    for (i = 0; i < COUNT(of_int); ++i) {
        /* long and its like have other sizes here and there; values that fit an int are the same. */
        if (strpbrk(of_int[i], "lzt")) {
            sprintf(text, of_int[i][1] == 'u' ? "%lu" : "%ld", 70000L), printf("%s\n", text);
            sprintf(text, "%5zu|%-5zd|%td", (size_t)12, (ptrdiff_t)-12, (ptrdiff_t)-7), printf("%s\n", text);
        } else
            each_form(of_int[i], ints);
    }
    for (i = 0; i < COUNT(of_long_long); ++i) each_form(of_long_long[i], long_longs);
    for (i = 0; i < COUNT(of_double); ++i) each_form(of_double[i], doubles);
    each_form("s", texts);
    each_form("c", chars);

    for (size = 0; size < 40; ++size) { /* too little room; nothing behind it is touched */
        memset(text, '#', 80);
        count = snprintf(size ? text : NULL, size, "%s and %d and %-6x|%c", "a text", 12345, 0xabcu, 'z');
        printf("%zu: %d [%.*s] %s\n", size, count, (int)size, text, text[size] == '#' ? "" : "behind the end");
        memset(text, '#', 80);
        count = snprintf(text, size, "%8.3f %e", 3.14159, 1e10);
        printf("%zu: %d [%.*s] %s\n", size, count, (int)size, text, text[size] == '#' ? "" : "behind the end");
    }
    show(sprintf(text, "%*d|%-*d|%*d|%.*d|%.*d|%.*s", 6, 1, 6, 2, -6, 3, 4, 5, -1, 6, 2, "abc")), printf("\n");
    show(sprintf(text, "%2$s %1$s %2$s", "one", "two")), show(sprintf(text, "%2$*1$d|", 5, 42)), printf("\n");
    show(sprintf(text, "%s|%10s|%.3s", (char*)NULL, (char*)NULL, "abcdef")), printf("\n");
    show(sprintf(text, "100%% of %d%%", 7)), show(sprintf(text, "%5s%%", "a")), show(sprintf(text, "no more")), printf("\n");
    show(sprintf(text, "%ls|%.2ls|%lc|%S", L"wide", L"wide", (wint_t)L'w', L"W")), printf("\n");
    show(sprintf(text, "123%n4567%hhn89%hn0%lln", &n1, &n2, &n3, &n4)), printf(" %d %d %d %lld\n", n1, n2, n3, n4);
    errno = ENOENT;
    show(sprintf(text, "%m")), printf("\n");
    show(by_list(text, 0, "%d-%s-%lld-%c-%.2f", 1, "two", 3LL, '4', 5.0)), show(by_list(text, sizeof text, "%u", 4000000000u)), printf("\n");
    { /* within each other's arguments */
        char inner[40];
        show(sprintf(text, "%s %.1f", (sprintf(inner, "<%.2f>", 2.5), inner), 1.25)), printf("\n");
    }
    errno = 0;
    count = snprintf(text, 10, "%2147483648d%d", 1, 2);
    printf("%d %d\n", count, errno == EOVERFLOW);
    return 0;
}
