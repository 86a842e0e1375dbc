#include "common/machine.hpp"
#include "host_call/host_call.hpp"

#include <sys/socket.h>
#include <unistd.h>

namespace hws::bench::host_call {

Round run_native(bool sends, std::uint64_t batches) {
    Round round{.operations = batches * batch};
    const double begin = now_ns();
    double last = begin;
    for (std::uint64_t i = 0; i < batches; ++i) {
        for (std::uint64_t j = 0; j < batch; ++j) {
            if (sends)
                ::send(-1, "x", 1, MSG_NOSIGNAL);
            else
                ::close(-1);
        }
        const double now = now_ns();
        round.operation_ns.push_back((now - last) / batch);
        last = now;
    }
    round.seconds = (last - begin) / 1e9;
    return round;
}

} // namespace hws::bench::host_call
