#include "support/certificates.hpp"

#include <cstdio>
#include <memory>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdexcept>

namespace hws::test {

namespace {

struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
    void operator()(std::FILE* file) const { std::fclose(file); }
};
template <class T> using Owned = std::unique_ptr<T, Free>;

void expect(bool is_well) {
    if (!is_well) throw std::runtime_error("OpenSSL cannot make a certificate");
}

void extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const Owned<X509_EXTENSION> extension(
        X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
    expect(extension && X509_add_ext(certificate, extension.get(), -1) == 1);
}

} // namespace

struct CertificateAuthority::Parts {
    Owned<EVP_PKEY> key;
    Owned<X509> certificate;
};

CertificateAuthority::CertificateAuthority(std::string_view name) : parts_(new Parts) {
    own_ = write("DNS:" + std::string(name), Validity::now, nullptr, true, parts_);
}

CertificateAuthority::~CertificateAuthority() {
    delete parts_;
}

Certificate CertificateAuthority::issue(const std::string& names, Validity validity) {
    return write(names, validity, parts_, false, nullptr);
}

Certificate CertificateAuthority::issue_self_signed(const std::string& names) {
    return write(names, Validity::now, nullptr, false, nullptr);
}

Certificate CertificateAuthority::write(const std::string& names, Validity validity,
                                        const Parts* issuer, bool is_authority, Parts* keep) {
    constexpr long day_seconds = 24 * 60 * 60;
    Parts made{Owned<EVP_PKEY>(EVP_EC_gen("P-256")), Owned<X509>(X509_new())};
    expect(made.key && made.certificate);
    X509* const certificate = made.certificate.get();
    ++count_;
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), count_);
    const bool is_over = validity == Validity::is_over;
    X509_gmtime_adj(X509_getm_notBefore(certificate), -2 * day_seconds);
    X509_gmtime_adj(X509_getm_notAfter(certificate), is_over ? -day_seconds : day_seconds);
    X509_set_pubkey(certificate, made.key.get());
    const std::size_t colon = names.find(':');
    const std::string first = names.substr(colon + 1, names.find(',') - colon - 1);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(first.c_str()), -1, -1, 0);
    X509* const signer = issuer ? issuer->certificate.get() : certificate;
    X509_set_issuer_name(certificate, X509_get_subject_name(signer));
    extend(certificate, signer, NID_basic_constraints,
           is_authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    extend(certificate, signer, NID_subject_key_identifier, "hash");
    if (!is_authority) extend(certificate, signer, NID_subject_alt_name, names);
    expect(X509_sign(certificate, issuer ? issuer->key.get() : made.key.get(), EVP_sha256()) > 0);

    const auto path = [&](std::string_view kind) {
        return (folder_.path() / (std::to_string(count_) + std::string(kind))).string();
    };
    Certificate files{path(".pem"), path(".key")};
    const Owned<std::FILE> file(std::fopen(files.file.c_str(), "w"));
    const Owned<std::FILE> key(std::fopen(files.key_file.c_str(), "w"));
    expect(file && key && PEM_write_X509(file.get(), certificate) == 1 &&
           PEM_write_PrivateKey(key.get(), made.key.get(), nullptr, nullptr, 0, nullptr, nullptr));
    if (keep) *keep = std::move(made);
    return files;
}

} // namespace hws::test
