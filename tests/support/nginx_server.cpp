#include "support/nginx_server.hpp"

#include "support/ports.hpp"

#include <stdexcept>
#include <unistd.h>

namespace hws::test {

namespace {

void replace_all(std::string& text, std::string_view from, const std::string& to) {
    for (std::size_t at = text.find(from); at != std::string::npos;
         at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
}

std::string configuration(const NginxOptions& options) {
    std::string text;
    // Debian's nginx would switch to www-data, who can't read a temporary folder of root's.
    if (::geteuid() == 0) text += "user root;\n";
    text += "daemon off;\n";
    text += std::string("master_process ") + (options.with_master_process ? "on" : "off") + ";\n";
    text += "worker_processes 1;\n"
            "pid @PREFIX@/nginx.pid;\n"
            "error_log stderr warn;\n"
            "events { worker_connections 4096; }\n"
            "http {\n"
            "  log_format one_line '$connection $connection_requests $request_method $request_uri "
            "$status';\n"
            "  access_log @PREFIX@/access.log one_line;\n"
            "  client_body_temp_path @PREFIX@/client_body;\n"
            "  proxy_temp_path @PREFIX@/proxy;\n"
            "  fastcgi_temp_path @PREFIX@/fastcgi;\n"
            "  uwsgi_temp_path @PREFIX@/uwsgi;\n"
            "  scgi_temp_path @PREFIX@/scgi;\n"
            "  client_max_body_size 64m;\n"
            "  default_type application/octet-stream;\n";
    text += options.http + "\n  server {\n"
                           "    listen 127.0.0.1:@PORT@;\n"
                           "    root @PREFIX@/www;\n";
    if (has_ipv6_loopback()) text += "    listen [::1]:@PORT@;\n";
    text += options.server + "\n  }\n}\n";
    return text;
}

// Debian keeps it in a folder that an ordinary user's PATH lacks.
std::string program() {
    return ::access("/usr/sbin/nginx", X_OK) == 0 ? "/usr/sbin/nginx" : "nginx";
}

} // namespace

NginxServer::NginxServer(const NginxOptions& options) {
    folder_.write("www/index.html", "hello from nginx\n");
    for (int attempt = 1;; ++attempt) {
        port_ = free_port();
        std::string text = configuration(options);
        replace_all(text, "@PREFIX@", folder_.path().string());
        replace_all(text, "@PORT@", std::to_string(port_));
        const std::filesystem::path file = folder_.write("nginx.conf", text);
        process_.emplace(std::vector<std::string>{program(), "-e", "stderr", "-p",
                                                  folder_.path().string(), "-c", file.string()});
        try {
            wait_until_accepting(port_, *process_);
            return;
        } catch (const std::runtime_error&) {
            // The port may have been taken between free_port and nginx' own bind.
            if (attempt == 3) throw;
        }
    }
}

} // namespace hws::test
