#include "common/socket.hpp"
#include "http/http.hpp"

#include <cstring>
#include <curl/curl.h>
#include <memory>
#include <sys/epoll.h>
#include <unistd.h>
#include <vector>

namespace hws::bench::http {
namespace {

using Handle = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;

std::size_t digest_body(char* data, std::size_t one, std::size_t count, void* digest) {
    auto& into = *static_cast<std::uint64_t*>(digest);
    into = digest_of(into, data, one * count);
    return one * count;
}

/// A reader's buffer, and where in it the next byte goes.
struct Copy {
    std::vector<char> buffer = std::vector<char>(64 << 10);
    std::size_t at = 0;
    std::uint64_t bytes = 0;
};

std::size_t copy_body(char* data, std::size_t one, std::size_t count, void* copy) {
    auto& into = *static_cast<Copy*>(copy);
    const std::size_t all = one * count;
    if (all > into.buffer.size() - into.at) into.at = 0;
    std::memcpy(into.buffer.data() + into.at, data, all); // libcurl's pieces have 16 KiB at most
    into.at += all;
    into.bytes += all;
    return all;
}

std::size_t count_body(char*, std::size_t one, std::size_t count, void* bytes) {
    *static_cast<std::uint64_t*>(bytes) += one * count;
    return one * count;
}

Handle get(const std::string& url, curl_write_callback write, void* into) {
    Handle handle(curl_easy_init(), &curl_easy_cleanup);
    curl_easy_setopt(handle.get(), CURLOPT_URL, url.c_str());
    curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, write);
    curl_easy_setopt(handle.get(), CURLOPT_WRITEDATA, into);
    curl_easy_setopt(handle.get(), CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle.get(), CURLOPT_FAILONERROR, 1L);
    return handle;
}

Result<void> checked(CURLcode code) {
    if (code != CURLE_OK) return fail(Errc::io, curl_easy_strerror(code));
    return {};
}

/// libcurl's multi interface on epoll, as its examples have it: one event, one call.
class Loop {
public:
    Loop(std::size_t clients) : multi_(curl_multi_init()), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
        curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Loop::on_socket);
        curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
        curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Loop::on_timer);
        curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
        curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(clients));
    }
    ~Loop() {
        curl_multi_cleanup(multi_);
        ::close(epoll_);
    }
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    CURLM* multi() { return multi_; }

    /// Waits for what happens next and hands it to libcurl.
    void step() {
        int running = 0;
        if (timeout_ms_ == 0) {
            timeout_ms_ = -1;
            curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
            return;
        }
        epoll_event events[256];
        const int count = ::epoll_wait(epoll_, events, 256, static_cast<int>(timeout_ms_));
        if (count == 0) {
            timeout_ms_ = -1;
            curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
        }
        for (int i = 0; i < count; ++i) {
            const std::uint32_t happened = events[i].events;
            const int flags = (happened & EPOLLIN ? CURL_CSELECT_IN : 0) | (happened & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                              (happened & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
            curl_multi_socket_action(multi_, events[i].data.fd, flags, &running);
        }
    }

private:
    static int on_socket(CURL*, curl_socket_t socket, int what, void* self, void* known) {
        Loop& loop = *static_cast<Loop*>(self);
        epoll_event event{};
        event.events = (what & CURL_POLL_IN ? static_cast<std::uint32_t>(EPOLLIN) : 0u) |
                       (what & CURL_POLL_OUT ? static_cast<std::uint32_t>(EPOLLOUT) : 0u);
        event.data.fd = socket;
        if (what == CURL_POLL_REMOVE) {
            ::epoll_ctl(loop.epoll_, EPOLL_CTL_DEL, socket, nullptr);
        } else {
            ::epoll_ctl(loop.epoll_, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, &event);
            curl_multi_assign(loop.multi_, socket, &loop);
        }
        return 0;
    }
    static int on_timer(CURLM*, long timeout_ms, void* self) {
        static_cast<Loop*>(self)->timeout_ms_ = timeout_ms;
        return 0;
    }

    CURLM* multi_;
    int epoll_;
    long timeout_ms_ = -1;
};

} // namespace

Result<std::string> run_native(const std::string& url, const std::string& ca_file, std::uint64_t count, Body body) {
    std::uint64_t digest = digest_start;
    Copy copy;
    const Handle handle = body == Body::digested ? get(url, &digest_body, &digest) : get(url, &copy_body, &copy);
    if (!ca_file.empty()) curl_easy_setopt(handle.get(), CURLOPT_CAINFO, ca_file.c_str());
    for (std::uint64_t i = 0; i < count; ++i) HWS_CHECK(checked(curl_easy_perform(handle.get())));
    return std::to_string(body == Body::digested ? digest : copy.bytes);
}

Result<std::uint64_t> run_native_at_once(const std::string& url, std::size_t clients, std::uint64_t count) {
    Loop loop(clients);
    std::uint64_t bytes = 0;
    std::vector<Handle> handles;
    std::vector<std::uint64_t> left(clients, count);
    for (std::size_t i = 0; i < clients; ++i) {
        handles.push_back(get(url, &count_body, &bytes));
        curl_easy_setopt(handles.back().get(), CURLOPT_PRIVATE, &left[i]);
        curl_multi_add_handle(loop.multi(), handles.back().get());
    }
    Result<void> outcome;
    for (std::size_t busy = clients; busy > 0;) {
        loop.step();
        int queued = 0;
        while (const CURLMsg* message = curl_multi_info_read(loop.multi(), &queued)) {
            if (message->msg != CURLMSG_DONE) continue;
            CURL* const handle = message->easy_handle;
            if (auto one = checked(message->data.result); !one) outcome = std::move(one);
            std::uint64_t* mine = nullptr;
            curl_easy_getinfo(handle, CURLINFO_PRIVATE, &mine);
            curl_multi_remove_handle(loop.multi(), handle);
            if (outcome && --*mine > 0)
                curl_multi_add_handle(loop.multi(), handle);
            else
                --busy;
        }
    }
    HWS_CHECK(outcome);
    return bytes;
}

} // namespace hws::bench::http
