#pragma once
/// The backend this build was configured for. Each backend has the same classes and functions, so
/// that guest/src names none: TcpSocket, UdpSocket, IcmpSocket, exchange.
#include "v1.hpp"
