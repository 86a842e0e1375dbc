#include "common/statistics.hpp"

#include <algorithm>
#include <cmath>

namespace hws::bench {

double quantile(std::vector<double> values, double part) {
    if (values.empty()) return 0;
    const auto last = static_cast<double>(values.size() - 1);
    const auto at = static_cast<std::ptrdiff_t>(std::llround(part * last));
    std::ranges::nth_element(values, values.begin() + at);
    return values[static_cast<std::size_t>(at)];
}

} // namespace hws::bench
