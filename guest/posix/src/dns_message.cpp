// Messages of the DNS as programs put them together and take them apart: RFC 1035, 4.1.

#include <arpa/nameser.h>
#include <cerrno>
#include <cstring>
#include <netdb.h>
#include <resolv.h>

namespace {

int too_long() {
    errno = EMSGSIZE;
    return -1;
}

/// Whether two names, of which the second stands in a message and may be compressed, are the same.
bool is_same(const char* name, const unsigned char* message, const unsigned char* end,
             const unsigned char* at) {
    char other[NS_MAXDNAME];
    return dn_expand(message, end, at, other, sizeof other) >= 0 && strcasecmp(name, other) == 0;
}

const unsigned char* find_name(const char* name, unsigned char** known, const unsigned char* end) {
    if (!known || !known[0]) return nullptr;
    for (unsigned char** one = known + 1; *one; ++one) {
        if (is_same(name, known[0], end, *one)) return *one;
    }
    return nullptr;
}

} // namespace

extern "C" {

unsigned ns_get16(const unsigned char* at) {
    return static_cast<unsigned>(at[0] << 8 | at[1]);
}
unsigned long ns_get32(const unsigned char* at) {
    return static_cast<unsigned long>(at[0]) << 24 | static_cast<unsigned long>(at[1]) << 16 |
           static_cast<unsigned long>(at[2]) << 8 | at[3];
}
void ns_put16(unsigned value, unsigned char* at) {
    at[0] = static_cast<unsigned char>(value >> 8);
    at[1] = static_cast<unsigned char>(value);
}
void ns_put32(unsigned long value, unsigned char* at) {
    ns_put16(static_cast<unsigned>(value >> 16), at);
    ns_put16(static_cast<unsigned>(value & 0xffff), at + 2);
}

// Bytes that are no part of a host's name are written as the presentation form of RFC 1035, 5.1.
int dn_expand(const unsigned char* message, const unsigned char* end, const unsigned char* from,
              char* name, int room) {
    const unsigned char* at = from;
    int consumed = -1, length = 0, hops = 0;
    const auto put = [&](char letter) {
        if (length + 1 >= room) return false;
        name[length++] = letter;
        return true;
    };
    for (;;) {
        if (at < message || at >= end) return too_long();
        const unsigned label = *at++;
        if (label == 0) break;
        if ((label & NS_CMPRSFLGS) == NS_CMPRSFLGS) {
            // A chain of pointers longer than a message has bytes is a loop.
            if (at >= end || ++hops > end - message) return too_long();
            if (consumed < 0) consumed = static_cast<int>(at + 1 - from);
            at = message + ((label & 0x3f) << 8 | *at);
            continue;
        }
        if (label & NS_CMPRSFLGS || static_cast<long>(label) > end - at) return too_long();
        if (length > 0 && !put('.')) return too_long();
        for (unsigned i = 0; i < label; ++i, ++at) {
            const unsigned char letter = *at;
            if (letter > 0x20 && letter < 0x7f) {
                if (std::strchr(".\\\"@$;()", letter) && !put('\\')) return too_long();
                if (!put(static_cast<char>(letter))) return too_long();
                continue;
            }
            if (!put('\\') || !put(static_cast<char>('0' + letter / 100)) ||
                !put(static_cast<char>('0' + letter / 10 % 10)) ||
                !put(static_cast<char>('0' + letter % 10)))
                return too_long();
        }
    }
    if (room <= 0) return too_long();
    name[length] = '\0';
    return consumed >= 0 ? consumed : static_cast<int>(at - from);
}

int dn_skipname(const unsigned char* from, const unsigned char* end) {
    const unsigned char* at = from;
    while (at < end) {
        const unsigned label = *at++;
        if (label == 0) return static_cast<int>(at - from);
        if ((label & NS_CMPRSFLGS) == NS_CMPRSFLGS)
            return at < end ? static_cast<int>(at + 1 - from) : too_long();
        if (label & NS_CMPRSFLGS) return too_long();
        at += label;
    }
    return too_long();
}

// `known`: the message, then the names in it that pointers may lead to, then null.
int dn_comp(const char* name, unsigned char* into, int room, unsigned char** known,
            unsigned char** last_known) {
    unsigned char* at = into;
    const unsigned char* const end = into + room;
    unsigned char** free_place = known;
    while (free_place && *free_place)
        ++free_place;
    if (std::strcmp(name, ".") == 0) ++name;
    while (*name) {
        if (const unsigned char* there = find_name(name, known, into)) {
            const long offset = there - known[0];
            if (offset < 0x4000) {
                if (end - at < 2) return too_long();
                ns_put16(static_cast<unsigned>(NS_CMPRSFLGS << 8 | offset), at);
                return static_cast<int>(at + 2 - into);
            }
        }
        const char* dot = std::strchr(name, '.');
        const std::size_t label = dot ? static_cast<std::size_t>(dot - name) : std::strlen(name);
        if (label == 0 || label > NS_MAXLABEL || end - at < static_cast<long>(label) + 2)
            return too_long();
        if (known && last_known && free_place && free_place + 1 < last_known) {
            *free_place++ = at;
            *free_place = nullptr;
        }
        *at++ = static_cast<unsigned char>(label);
        std::memcpy(at, name, label);
        at += label;
        name += label + (dot ? 1 : 0);
    }
    if (end - at < 1) return too_long();
    *at++ = 0;
    return static_cast<int>(at - into);
}

int ns_name_uncompress(const unsigned char* message, const unsigned char* end,
                       const unsigned char* from, char* name, size_t room) {
    return dn_expand(message, end, from, name,
                     room > NS_MAXDNAME ? NS_MAXDNAME : static_cast<int>(room));
}

int ns_skiprr(const unsigned char* from, const unsigned char* end, ns_sect section, int count) {
    const unsigned char* at = from;
    for (; count > 0; --count) {
        const int name = dn_skipname(at, end);
        const long fixed = section == ns_s_qd ? NS_QFIXEDSZ : NS_RRFIXEDSZ;
        if (name < 0 || end - at - name < fixed) return too_long();
        at += name + fixed;
        if (section == ns_s_qd) continue;
        const unsigned data = ns_get16(at - 2);
        if (end - at < static_cast<long>(data)) return too_long();
        at += data;
    }
    return static_cast<int>(at - from);
}

int ns_initparse(const unsigned char* message, int bytes, ns_msg* into) {
    std::memset(into, 0, sizeof *into);
    if (bytes < NS_HFIXEDSZ) return too_long();
    into->_msg = message;
    into->_eom = message + bytes;
    into->_id = static_cast<uint16_t>(ns_get16(message));
    into->_flags = static_cast<uint16_t>(ns_get16(message + 2));
    const unsigned char* at = message + NS_HFIXEDSZ;
    for (int section = 0; section < ns_s_max; ++section) {
        const unsigned count = ns_get16(message + 4 + 2 * section);
        into->_counts[section] = static_cast<uint16_t>(count);
        if (count == 0) continue;
        into->_sections[section] = at;
        const int skipped =
            ns_skiprr(at, into->_eom, static_cast<ns_sect>(section), static_cast<int>(count));
        if (skipped < 0) return -1;
        at += skipped;
    }
    if (at != into->_eom) return too_long();
    into->_sect = ns_s_max;
    into->_rrnum = -1;
    return 0;
}

int ns_parserr(ns_msg* message, ns_sect section, int number, ns_rr* record) {
    if (static_cast<int>(section) < 0 || section >= ns_s_max || number < -1) {
        errno = ENODEV;
        return -1;
    }
    if (section != message->_sect) {
        message->_sect = section;
        message->_rrnum = 0;
        message->_msg_ptr = message->_sections[section];
    }
    if (number == -1) number = message->_rrnum;
    if (number < 0 || number >= message->_counts[section]) {
        errno = ENODEV;
        return -1;
    }
    if (number < message->_rrnum) {
        message->_rrnum = 0;
        message->_msg_ptr = message->_sections[section];
    }
    const int skipped =
        ns_skiprr(message->_msg_ptr, message->_eom, section, number - message->_rrnum);
    if (skipped < 0) return -1;
    const unsigned char* at = message->_msg_ptr + skipped;
    const int name = dn_expand(message->_msg, message->_eom, at, record->name, NS_MAXDNAME);
    if (name < 0) return -1;
    at += name;
    record->type = static_cast<uint16_t>(ns_get16(at));
    record->rr_class = static_cast<uint16_t>(ns_get16(at + 2));
    at += NS_QFIXEDSZ;
    record->ttl = 0;
    record->rdlength = 0;
    record->rdata = nullptr;
    if (section != ns_s_qd) {
        record->ttl = static_cast<uint32_t>(ns_get32(at));
        record->rdlength = static_cast<uint16_t>(ns_get16(at + 4));
        record->rdata = at + 6;
        at += 6 + record->rdlength;
    }
    message->_msg_ptr = at;
    message->_rrnum = number + 1;
    return 0;
}

int res_mkquery(int operation, const char* name, int record_class, int type, const unsigned char*,
                int, const unsigned char*, unsigned char* into, int room) {
    if (operation != ns_o_query || room < NS_HFIXEDSZ + NS_QFIXEDSZ || record_class < 0 ||
        type < 0 || record_class > 0xffff || type > 0xffff)
        return -1;
    std::memset(into, 0, NS_HFIXEDSZ);
    struct __res_state* state = __res_state();
    ns_put16(++state->id, into);
    into[2] = 1; // recursion desired
    into[5] = 1; // one question
    const int bytes =
        dn_comp(name, into + NS_HFIXEDSZ, room - NS_HFIXEDSZ - NS_QFIXEDSZ, nullptr, nullptr);
    if (bytes < 0) return -1;
    unsigned char* at = into + NS_HFIXEDSZ + bytes;
    ns_put16(static_cast<unsigned>(type), at);
    ns_put16(static_cast<unsigned>(record_class), at + 2);
    return NS_HFIXEDSZ + bytes + NS_QFIXEDSZ;
}

int res_nmkquery(res_state, int operation, const char* name, int record_class, int type,
                 const unsigned char* data, int bytes, const unsigned char* more,
                 unsigned char* into, int room) {
    return res_mkquery(operation, name, record_class, type, data, bytes, more, into, room);
}
}
