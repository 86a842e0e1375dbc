#pragma once
/// Medians and quantiles of measured values.

#include <utility>
#include <vector>

namespace hws::bench {

/// The value that the part `part` (0 to 1) of the values does not exceed; 0 for no values.
double quantile(std::vector<double> values, double part);
inline double median(std::vector<double> values) {
    return quantile(std::move(values), 0.5);
}

} // namespace hws::bench
