#pragma once
/// Certificates for tests of TLS: an authority of the test's own, and what it signs.

#include "support/temporary_folder.hpp"

#include <string>
#include <string_view>

namespace hws::test {

/// Files in PEM form, there as long as their authority.
struct Certificate {
    std::string file;
    std::string key_file;
};

class CertificateAuthority {
public:
    explicit CertificateAuthority(std::string_view name = "authority of a test");
    ~CertificateAuthority();
    CertificateAuthority(const CertificateAuthority&) = delete;
    CertificateAuthority& operator=(const CertificateAuthority&) = delete;

    /// To be trusted.
    const std::string& file() const { return own_.file; }

    enum class Validity { now, is_over };
    /// `names`: as OpenSSL writes them, "DNS:web.test,IP:127.0.0.1". The common name is the first
    /// of them. Valid for a day from now on, or until yesterday.
    Certificate issue(const std::string& names, Validity validity = Validity::now);
    /// Signed by itself.
    Certificate issue_self_signed(const std::string& names);

private:
    struct Parts;
    Certificate write(const std::string& names, Validity validity, const Parts* issuer,
                      bool is_authority, Parts* keep);
    TemporaryFolder folder_;
    int count_ = 0;
    Parts* parts_ = nullptr;
    Certificate own_;
};

} // namespace hws::test
