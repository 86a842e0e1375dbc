#include <hws/net.hpp>
#include <hws/plugin.hpp>

hws::Result<void> page() {
    HWS_TRY(const auto response, hws::http::Client().get(hws::input_text()).send());
    hws::output(response.text());
    return {};
}
HWS_PLUGIN_EXPORT(page)
