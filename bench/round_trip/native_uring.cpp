// io_uring without a library: one ring, one request at a time. Source: io_uring_setup(2), io_uring_enter(2).
#include "common/socket.hpp"
#include "round_trip/round_trip.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace hws::bench::round_trip {
namespace {

class Ring {
public:
    Ring() {
        io_uring_params wanted{};
        wanted.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
        fd_ = static_cast<int>(::syscall(SYS_io_uring_setup, 4, &wanted));
        if (fd_ < 0) return;
        const std::size_t requests = wanted.sq_off.array + wanted.sq_entries * sizeof(std::uint32_t);
        const std::size_t answers = wanted.cq_off.cqes + wanted.cq_entries * sizeof(io_uring_cqe);
        // One mapping holds both queues (IORING_FEAT_SINGLE_MMAP, since Linux 5.4).
        queues_ = map(std::max(requests, answers), IORING_OFF_SQ_RING);
        requests_ = static_cast<io_uring_sqe*>(map(wanted.sq_entries * sizeof(io_uring_sqe), IORING_OFF_SQES));
        if (!queues_ || !requests_) return;
        tail_ = at<std::uint32_t>(wanted.sq_off.tail);
        request_mask_ = *at<std::uint32_t>(wanted.sq_off.ring_mask);
        for (std::uint32_t i = 0; i < wanted.sq_entries; ++i) at<std::uint32_t>(wanted.sq_off.array)[i] = i;
        answer_head_ = at<std::uint32_t>(wanted.cq_off.head);
        answer_tail_ = at<std::uint32_t>(wanted.cq_off.tail);
        answer_mask_ = *at<std::uint32_t>(wanted.cq_off.ring_mask);
        answers_ = at<io_uring_cqe>(wanted.cq_off.cqes);
        is_open_ = true;
    }
    ~Ring() {
        if (fd_ >= 0) ::close(fd_);
    } // what it mapped goes with the process, one small ring a round
    Ring(const Ring&) = delete;
    Ring& operator=(const Ring&) = delete;

    bool is_open() const { return is_open_; }

    /// Submits a receive and waits for its end in one system call.
    int receive(int socket, void* into, std::uint32_t size) {
        io_uring_sqe& request = requests_[*tail_ & request_mask_];
        request = {};
        request.opcode = IORING_OP_RECV;
        request.fd = socket;
        request.addr = reinterpret_cast<std::uintptr_t>(into);
        request.len = size;
        std::atomic_ref(*tail_).store(*tail_ + 1, std::memory_order_release);
        unsigned submitted = 1;
        while (std::atomic_ref(*answer_tail_).load(std::memory_order_acquire) == *answer_head_) {
            if (::syscall(SYS_io_uring_enter, fd_, submitted, 1, IORING_ENTER_GETEVENTS, nullptr, 0) < 0) return -1;
            submitted = 0;
        }
        const int result = answers_[*answer_head_ & answer_mask_].res;
        std::atomic_ref(*answer_head_).store(*answer_head_ + 1, std::memory_order_release);
        return result;
    }

private:
    void* map(std::size_t bytes, std::uint64_t what) {
        void* const place = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd_,
                                   static_cast<off_t>(what));
        return place == MAP_FAILED ? nullptr : place;
    }
    template <class T>
    T* at(std::size_t offset) {
        return reinterpret_cast<T*>(static_cast<std::byte*>(queues_) + offset);
    }

    int fd_ = -1;
    bool is_open_ = false;
    void* queues_ = nullptr;
    io_uring_sqe* requests_ = nullptr;
    std::uint32_t* tail_ = nullptr;
    std::uint32_t request_mask_ = 0;
    std::uint32_t* answer_head_ = nullptr;
    std::uint32_t* answer_tail_ = nullptr;
    std::uint32_t answer_mask_ = 0;
    io_uring_cqe* answers_ = nullptr;
};

} // namespace

bool has_uring() { return Ring().is_open(); }

std::string run_native_uring(std::uint16_t port, std::uint64_t count) {
    Ring ring;
    const int connection = connect_to(port);
    unsigned char message[message_bytes];
    unsigned char echo[message_bytes];
    fill_pattern(message, sizeof message);
    std::uint64_t sum = 0;
    bool is_broken = false;
    for (std::uint64_t i = 0; i < count && !is_broken; ++i) {
        std::memcpy(message, &i, sizeof i);
        if (!send_all(connection, message, sizeof message)) break;
        for (std::size_t got = 0; got < sizeof echo && !is_broken;) {
            const int more = ring.receive(connection, echo + got, static_cast<std::uint32_t>(sizeof echo - got));
            if (more > 0) got += static_cast<std::size_t>(more);
            is_broken = more <= 0;
        }
        if (std::memcmp(message, echo, sizeof echo) != 0) break;
        std::uint64_t word;
        std::memcpy(&word, echo, sizeof word);
        sum += word + 1;
    }
    ::close(connection);
    return std::to_string(sum);
}

} // namespace hws::bench::round_trip
