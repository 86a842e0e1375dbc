#pragma once
/// Everything for the network, in one include. For the plugin's own input, output and log:
/// <hws/plugin.hpp>.

#include <hws/buf_reader.hpp>
#include <hws/buf_writer.hpp>
#include <hws/http.hpp>
#include <hws/icmp_socket.hpp>
#include <hws/ip_addr.hpp>
#include <hws/poller.hpp>
#include <hws/resolve.hpp>
#include <hws/result.hpp>
#include <hws/socket.hpp>
#include <hws/tcp_listener.hpp>
#include <hws/tcp_stream.hpp>
#include <hws/tls_stream.hpp>
#include <hws/udp_socket.hpp>
#include <hws/unix_addr.hpp>
#include <hws/unix_datagram.hpp>
#include <hws/unix_stream.hpp>
#include <hws/web_socket.hpp>
