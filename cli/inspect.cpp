#include "commands.hpp"
#include "interruption.hpp"
#include "output.hpp"
#include "report.hpp"
#include "sandbox.hpp"

#include <algorithm>
#include <map>

namespace hws::cli {
namespace {

/// What a host function needs of the policy.
struct Need {
    std::string_view module;
    std::string_view function;
    std::string_view rules;
};
constexpr Need needs[] = {
    {"env", "tcp_connect", "--allow tcp:HOST:PORT"},
    {"env", "udp_connect", "--allow udp:HOST:PORT"},
    {"env", "icmp_send", "--allow icmp:HOST"},
    {"env", "http_request", "--allow http:HOST:PORT, --allow https:HOST:PORT"},
    {"hws", "socket_connect", "--allow tcp:ADDRESS:PORT, --allow udp:ADDRESS:PORT"},
    {"hws", "connect_name", "--allow tcp:HOST:PORT, --allow udp:HOST:PORT"},
    {"hws", "socket_send_with", "--allow udp-bind:ADDRESS:0 for a source address"},
    {"hws", "http_start", "--allow http:HOST:PORT, --allow https:HOST:PORT"},
    {"hws", "icmp_send", "--allow icmp:ADDRESS"},
    {"hws", "icmp_send_name", "--allow icmp:HOST"},
    {"hws", "socket_listen", "--allow tcp-listen:ADDRESS:PORT"},
    {"hws", "socket_accept", "--allow accept:HOST:PORTS"},
    {"hws", "socket_bind", "--allow tcp-listen:ADDRESS:PORT, --allow udp-bind:ADDRESS:PORT"},
    {"hws", "resolve", "--allow resolve:NAME"},
    {"hws", "unix_connect", "--allow unix:PATH"},
    {"hws", "unix_send", "--allow unix:PATH"},
    {"hws", "unix_bind", "--allow unix-listen:PATH"},
    {"hws", "ws_connect", "--allow ws:HOST:PORT, --allow wss:HOST:PORT"},
    {"hws", "multicast_join", "--allow multicast:GROUP:PORT"},
    {"extism:host/env", "http_request",
     "--allow-host NAME, --allow http:HOST:PORT, --allow https:HOST:PORT"},
};

std::string padded(std::string text, std::size_t width) {
    text.resize(std::max(width, text.size()), ' ');
    return text;
}

std::size_t widest(const auto& items) {
    std::size_t width = 0;
    for (const auto& item : items)
        width = std::max(width, printable(item.name).size());
    return width;
}

std::string describe_exports(const host::Module& module) {
    std::string text = "exports\n";
    const std::size_t width = widest(module.exports());
    for (const host::ExportInfo& item : module.exports())
        text += "  " + padded(printable(item.name), width) + "  " + item.signature +
                (item.is_callable ? "\n" : "  (not callable)\n");
    return text;
}

std::string describe_imports(const host::Module& module) {
    std::map<std::string, std::vector<host::ImportInfo>> by_module;
    for (const host::ImportInfo& item : module.imports())
        by_module[item.module].push_back(item);
    std::string text;
    for (const auto& [name, items] : by_module) {
        text += "imports from " + printable(name) + "\n";
        const std::size_t width = widest(items);
        for (const host::ImportInfo& item : items)
            text += "  " + padded(printable(item.name), width) + "  " + item.signature + "\n";
    }
    return text;
}

std::string describe_needs(const host::Module& module) {
    const std::size_t width = widest(module.imports());
    std::string text;
    for (const Need& need : needs)
        for (const host::ImportInfo& item : module.imports())
            if (item.module == need.module && item.name == need.function)
                text += "  " + padded(item.name, width) + "  " + std::string(need.rules) + "\n";
    return text.empty() ? "needs\n  no network\n" : "needs\n" + text;
}

/// What the plugin says about itself, asked under a policy that denies everything.
std::string ask(host::Plugin& plugin, std::string_view export_name) {
    const auto answer = plugin.call(export_name);
    if (!answer) return "(" + printable(answer.error().message()) + ")";
    return printable(answer->text());
}

std::string describe_answers(host::Runtime& runtime, const host::Module& module) {
    static constexpr std::string_view questions[] = {"name", "description", "json_schema"};
    host::PluginOptions options;
    options.limits.call_time = std::chrono::seconds(2);
    host::Plugin plugin = runtime.make_plugin(module, std::move(options));
    const Interruptible interruptible(plugin);
    std::string text;
    for (const std::string_view question : questions) {
        const auto found = std::ranges::find(module.exports(), question, &host::ExportInfo::name);
        if (found == module.exports().end() || !found->is_callable) continue;
        text += "  " + padded(std::string(question), 12) + " " + ask(plugin, question) + "\n";
    }
    return text.empty() ? text : "answers\n" + text;
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words)
        text.append(text.empty() ? "" : ", ").append(word);
    return text.empty() ? "none" : text;
}

} // namespace

int inspect(const Arguments& arguments) {
    auto runtime = make_runtime(arguments);
    if (!runtime) {
        report(runtime.error());
        return static_cast<int>(Exit::cannot_load);
    }
    const auto loaded = load(*runtime, arguments);
    if (!loaded) {
        report(loaded.error());
        return static_cast<int>(Exit::cannot_load);
    }
    const host::Module& module = loaded->module;
    std::string text = printable(arguments.file) + ": dialects " + joined(module.dialects()) +
                       (module.has_export("_start") ? "; a program for hws run\n" : "\n");
    text += describe_exports(module) + describe_imports(module) + describe_needs(module);
    text += describe_answers(*runtime, module);
    if (const auto written = write_output(text); !written) {
        report(written.error());
        return static_cast<int>(Exit::cannot_load);
    }
    return static_cast<int>(Exit::ok);
}

} // namespace hws::cli
