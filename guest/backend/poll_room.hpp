#pragma once
/// The system's entries of one poll.

#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace hws::backend {

/// On the stack for as many as most polls have, elsewhere for more.
template <class Entry> class PollRoom {
public:
    explicit PollRoom(std::size_t count) : count_(count) {
        if (count > few_.size()) many_.resize(count);
    }
    std::span<Entry> entries() {
        return many_.empty() ? std::span(few_).first(count_) : std::span(many_);
    }

private:
    std::size_t count_;
    std::array<Entry, 32> few_;
    std::vector<Entry> many_;
};

} // namespace hws::backend
