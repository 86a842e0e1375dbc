#include "../backend/backend.hpp"

#include <algorithm>
#include <hws/poller.hpp>
#include <vector>

namespace hws {

struct Poller::Entries {
    std::vector<backend::PollItem> items;
    std::vector<std::uint64_t> keys; // of the item with the same index
    std::vector<Event> events;

    Result<std::size_t> find(int fd, std::string_view operation) const {
        const auto found = std::ranges::find(items, fd, &backend::PollItem::fd);
        if (found == items.end())
            return fail(Errc::not_found,
                        std::string(operation) + ": descriptor " + std::to_string(fd));
        return static_cast<std::size_t>(found - items.begin());
    }
};

namespace {
void set_interest(backend::PollItem& item, Interest interest) {
    item.wants_read = interest != Interest::write;
    item.wants_write = interest != Interest::read;
}
} // namespace

Poller::Poller() : entries_(std::make_unique<Entries>()) {}
Poller::Poller(Poller&&) noexcept = default;
Poller& Poller::operator=(Poller&&) noexcept = default;
Poller::~Poller() = default;

Result<void> Poller::add_fd(int fd, Interest interest, std::uint64_t key) {
    if (fd < 0) return fail(Errc::bad_handle, "poller add");
    if (entries_->items.size() == max_sources)
        return fail(Errc::no_buffers, "poller add: more than " + std::to_string(max_sources));
    if (entries_->find(fd, "poller"))
        return fail(Errc::exists, "poller add: descriptor " + std::to_string(fd));
    backend::PollItem item{.fd = fd, .happened = {}};
    set_interest(item, interest);
    entries_->items.push_back(item);
    entries_->keys.push_back(key);
    return {};
}

Result<void> Poller::modify_fd(int fd, Interest interest) {
    HWS_TRY(const std::size_t index, entries_->find(fd, "poller modify"));
    set_interest(entries_->items[index], interest);
    return {};
}

Result<void> Poller::remove_fd(int fd) {
    HWS_TRY(const std::size_t index, entries_->find(fd, "poller remove"));
    const auto offset = static_cast<std::ptrdiff_t>(index);
    entries_->items.erase(entries_->items.begin() + offset);
    entries_->keys.erase(entries_->keys.begin() + offset);
    return {};
}

std::size_t Poller::size() const {
    return entries_->items.size();
}

Result<std::span<const Poller::Event>>
Poller::wait(std::optional<std::chrono::nanoseconds> timeout) {
    // A time that is over already asks without waiting.
    if (timeout) timeout = std::max(*timeout, std::chrono::nanoseconds(0));
    HWS_CHECK(backend::poll(entries_->items, timeout));
    entries_->events.clear();
    for (std::size_t i = 0; i < entries_->items.size(); ++i) {
        const backend::PollEvents& told = entries_->items[i].happened;
        const Event event{.key = entries_->keys[i],
                          .is_readable = told.read,
                          .is_writable = told.write,
                          .has_peer_ended = told.peer_ended,
                          .has_error = told.error,
                          .has_hung_up = told.hung_up,
                          .is_bad_handle = told.bad_handle};
        if (told.read || told.write || told.peer_ended || told.error || told.hung_up ||
            told.bad_handle)
            entries_->events.push_back(event);
    }
    return entries_->events;
}

} // namespace hws
