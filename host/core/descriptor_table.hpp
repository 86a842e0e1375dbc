#pragma once
/// A plugin's descriptors by number. Numbers are small and dense: the smallest free one, as POSIX says (open(2)).

#include "core/descriptor.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace hws::host::core {

using DescriptorNumber = std::uint32_t;

class DescriptorTable {
public:
    /// Holds at most `limit` descriptors.
    explicit DescriptorTable(std::size_t limit) : limit_(limit) {}

    /// Gives it the smallest free number that is not below `least`. Errors: too_many_handles; the descriptor is closed then.
    Result<DescriptorNumber> insert(std::unique_ptr<Descriptor> descriptor, DescriptorNumber least = 0);
    /// Puts it at `number`, closing what was there. Errors: bad_handle beyond the limit.
    Result<void> insert_at(DescriptorNumber number, std::unique_ptr<Descriptor> descriptor);
    /// Errors: bad_handle.
    Result<Descriptor*> find(DescriptorNumber number) const {
        if (number >= entries_.size() || !entries_[number]) return fail(Errc::bad_handle);
        return entries_[number].get();
    }
    /// The descriptor, if it is of class T. Errors: bad_handle, not_a_socket.
    template <class T>
    Result<T*> find_as(DescriptorNumber number) const {
        HWS_TRY(Descriptor * descriptor, find(number));
        // Not by its kind: several classes share one.
        auto* const wanted = dynamic_cast<T*>(descriptor);
        if (!wanted) return fail(Errc::not_a_socket);
        return wanted;
    }
    /// Closes it. Errors: bad_handle.
    Result<void> close(DescriptorNumber number);
    /// A second number, not below `least`, for the same descriptor (dup(2)); it is closed with the last one.
    /// Errors: bad_handle, too_many_handles.
    Result<DescriptorNumber> duplicate(DescriptorNumber number, DescriptorNumber least = 0);
    /// fd_renumber: `from` becomes `to`, what was at `to` is closed. Errors: bad_handle.
    Result<void> renumber(DescriptorNumber from, DescriptorNumber to);
    /// Closes everything.
    void clear() { entries_.clear(); first_free_ = 0; open_ = 0; }
    std::size_t open_count() const { return open_; }

private:
    std::size_t limit_;
    std::size_t open_ = 0;
    std::size_t first_free_ = 0; // no free number is smaller
    Result<DescriptorNumber> place(std::shared_ptr<Descriptor> descriptor, DescriptorNumber least);
    std::vector<std::shared_ptr<Descriptor>> entries_;
};

} // namespace hws::host::core
