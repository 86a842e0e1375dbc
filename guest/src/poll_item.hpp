#pragma once
/// One descriptor of a poll, as a backend is asked for it.
#include <cstdint>

namespace hws::backend {

struct PollEvents {
    bool read = false;
    bool write = false;
    bool peer_ended = false;
    bool error = false;
    bool hung_up = false;
    bool bad_handle = false;
};

struct PollItem {
    int fd = -1;
    bool wants_read = false;
    bool wants_write = false;
    PollEvents happened;
};

} // namespace hws::backend
