#include "../backend/backend.hpp"

#include <hws/resolve.hpp>

namespace hws {

Result<std::vector<SocketAddr>> resolve(std::string_view address) {
    HWS_TRY(const auto peer, backend::Peer::parse(address, backend::PortZero::allowed));
    return backend::resolve(peer);
}

} // namespace hws
