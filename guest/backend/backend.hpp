#pragma once
/// The backend this build was configured for. Each has the same classes and functions, so that
/// guest/src names none: TcpSocket, TcpListener, UdpSocket, IcmpSocket, poll, resolve. HTTP stands
/// by itself in http_exchange.hpp.
///
/// | backend | is chosen by                  | consists of                   |
/// |---------|-------------------------------|-------------------------------|
/// | v2      | compiling for wasm            | descriptor_socket.*, v2_*     |
/// | v1      | the definition HWS_BACKEND_V1 | v1.*, v1_*                    |
/// | native  | compiling for this machine    | descriptor_socket.*, native_* |

#ifdef HWS_BACKEND_V1
#include "v1.hpp"
#include "v1_icmp.hpp"
#else
#include "descriptor_socket.hpp"
#ifdef __wasm__
#include "v2_icmp.hpp"
#else
#include "native_icmp.hpp"
#endif
#endif
