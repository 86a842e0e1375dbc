#include "databases.hpp"

#include <cstring>

namespace hws::posix {

namespace {

// IANA's registry of service names, the part that programs ask for.
constexpr Service service_table[] = {
    {"tcpmux", nullptr, 1, true, false},
    {"echo", nullptr, 7, true, true},
    {"discard", "sink", 9, true, true},
    {"systat", "users", 11, true, false},
    {"daytime", nullptr, 13, true, true},
    {"netstat", nullptr, 15, true, false},
    {"qotd", "quote", 17, true, false},
    {"chargen", "ttytst", 19, true, true},
    {"ftp-data", nullptr, 20, true, false},
    {"ftp", nullptr, 21, true, false},
    {"ssh", nullptr, 22, true, false},
    {"telnet", nullptr, 23, true, false},
    {"smtp", "mail", 25, true, false},
    {"time", "timserver", 37, true, true},
    {"whois", "nicname", 43, true, false},
    {"domain", nullptr, 53, true, true},
    {"bootps", nullptr, 67, false, true},
    {"bootpc", nullptr, 68, false, true},
    {"tftp", nullptr, 69, false, true},
    {"gopher", nullptr, 70, true, false},
    {"finger", nullptr, 79, true, false},
    {"http", "www", 80, true, false},
    {"kerberos", "krb5", 88, true, true},
    {"pop3", "pop-3", 110, true, false},
    {"sunrpc", "portmapper", 111, true, true},
    {"auth", "ident", 113, true, false},
    {"nntp", "readnews", 119, true, false},
    {"ntp", nullptr, 123, false, true},
    {"imap2", "imap", 143, true, false},
    {"snmp", nullptr, 161, true, true},
    {"snmp-trap", "snmptrap", 162, true, true},
    {"bgp", nullptr, 179, true, false},
    {"irc", nullptr, 194, true, true},
    {"ldap", nullptr, 389, true, true},
    {"https", nullptr, 443, true, true},
    {"microsoft-ds", nullptr, 445, true, true},
    {"submissions", "smtps", 465, true, false},
    {"syslog", nullptr, 514, false, true},
    {"printer", "spooler", 515, true, false},
    {"rtsp", nullptr, 554, true, true},
    {"submission", nullptr, 587, true, false},
    {"ipp", nullptr, 631, true, false},
    {"ldaps", nullptr, 636, true, true},
    {"domain-s", nullptr, 853, true, true},
    {"rsync", nullptr, 873, true, false},
    {"ftps-data", nullptr, 989, true, false},
    {"ftps", nullptr, 990, true, false},
    {"telnets", nullptr, 992, true, false},
    {"imaps", nullptr, 993, true, false},
    {"pop3s", nullptr, 995, true, false},
    {"socks", nullptr, 1080, true, false},
    {"openvpn", nullptr, 1194, true, true},
    {"ms-sql-s", nullptr, 1433, true, false},
    {"mqtt", nullptr, 1883, true, false},
    {"nfs", nullptr, 2049, true, true},
    {"mysql", nullptr, 3306, true, false},
    {"ms-wbt-server", nullptr, 3389, true, false},
    {"nut", nullptr, 3493, true, true},
    {"sip", nullptr, 5060, true, true},
    {"sip-tls", nullptr, 5061, true, true},
    {"xmpp-client", "jabber-client", 5222, true, false},
    {"xmpp-server", "jabber-server", 5269, true, false},
    {"mdns", nullptr, 5353, false, true},
    {"postgresql", "postgres", 5432, true, false},
    {"amqps", nullptr, 5671, true, false},
    {"amqp", nullptr, 5672, true, false},
    {"redis", nullptr, 6379, true, false},
    {"ircd", nullptr, 6667, true, false},
    {"http-alt", "webcache", 8080, true, false},
    {"secure-mqtt", nullptr, 8883, true, false},
    {"git", nullptr, 9418, true, false},
};

// IANA's registry of protocol numbers, likewise.
constexpr Protocol protocol_table[] = {
    {"ip", "IP", 0},
    {"icmp", "ICMP", 1},
    {"igmp", "IGMP", 2},
    {"ipencap", "IP-ENCAP", 4},
    {"tcp", "TCP", 6},
    {"egp", "EGP", 8},
    {"pup", "PUP", 12},
    {"udp", "UDP", 17},
    {"idp", "IDP", 22},
    {"dccp", "DCCP", 33},
    {"ipv6", "IPv6", 41},
    {"ipv6-route", "IPv6-Route", 43},
    {"ipv6-frag", "IPv6-Frag", 44},
    {"rsvp", "RSVP", 46},
    {"gre", "GRE", 47},
    {"esp", "IPSEC-ESP", 50},
    {"ah", "IPSEC-AH", 51},
    {"ipv6-icmp", "IPv6-ICMP", 58},
    {"ipv6-nonxt", "IPv6-NoNxt", 59},
    {"ipv6-opts", "IPv6-Opts", 60},
    {"pim", "PIM", 103},
    {"vrrp", "VRRP", 112},
    {"sctp", "SCTP", 132},
    {"udplite", "UDPLite", 136},
};

bool goes_over(const Service& service, const char* protocol) {
    if (!protocol) return true;
    if (std::strcmp(protocol, "tcp") == 0) return service.tcp;
    return std::strcmp(protocol, "udp") == 0 && service.udp;
}

template <class Row> bool is_called(const Row& row, const char* name) {
    return std::strcmp(row.name, name) == 0 || (row.alias && std::strcmp(row.alias, name) == 0);
}

} // namespace

std::span<const Service> services() {
    return service_table;
}

const Service* find_service(const char* name, const char* protocol) {
    for (const Service& service : service_table) {
        if (is_called(service, name) && goes_over(service, protocol)) return &service;
    }
    return nullptr;
}

const Service* find_service(std::uint16_t port, const char* protocol) {
    for (const Service& service : service_table) {
        if (service.port == port && goes_over(service, protocol)) return &service;
    }
    return nullptr;
}

std::span<const Protocol> protocols() {
    return protocol_table;
}

const Protocol* find_protocol(const char* name) {
    for (const Protocol& protocol : protocol_table) {
        if (is_called(protocol, name)) return &protocol;
    }
    return nullptr;
}

const Protocol* find_protocol(int number) {
    for (const Protocol& protocol : protocol_table) {
        if (protocol.number == number) return &protocol;
    }
    return nullptr;
}

} // namespace hws::posix
