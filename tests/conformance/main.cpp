// conformance TCP-ECHO UDP-ECHO NOBODY FOLDER [text]: runs the sentences that contain the text, all
// without it.
#include "check.hpp"
#include "servers.hpp"

#include <cstdio>

namespace conformance {

namespace {
bool has_failed = false;
}

void report(const char* file, int line, std::string_view what) {
    has_failed = true;
    std::string_view name(file);
    name.remove_prefix(name.rfind('/') + 1);
    std::printf("  %.*s:%d: %.*s\n", int(name.size()), name.data(), line, int(what.size()),
                what.data());
}

int run_all(std::string_view only) {
    int failed = 0;
    int count = 0;
    for (const Sentence& sentence : sentences()) {
        if (!std::string_view(sentence.text).contains(only)) continue;
        // Before it runs, so that one which never ends is known.
        std::printf("%s\n", sentence.text);
        std::fflush(stdout);
        has_failed = false;
        sentence.run();
        ++count;
        if (has_failed) ++failed;
    }
    std::printf("%d sentences, %d of them false\n", count, failed);
    return count == 0 ? 1 : failed;
}

Servers& servers() {
    static Servers all;
    return all;
}

} // namespace conformance

int main(int count, char** arguments) {
    if (count < 5) {
        std::fprintf(stderr, "usage: %s TCP-ECHO UDP-ECHO NOBODY FOLDER [text]\n", arguments[0]);
        return 2;
    }
    conformance::servers() = {arguments[1], arguments[2], arguments[3], arguments[4]};
    return conformance::run_all(count > 5 ? arguments[5] : "") == 0 ? 0 : 1;
}
