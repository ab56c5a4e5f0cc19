#include "core/http/ca_store.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>

namespace qwen::http {
namespace {

namespace fs = std::filesystem;

struct SystemStore {
    const char* directory;
    const char* bundle;
};

// Debian and Ubuntu; Fedora; SUSE; Alpine.
constexpr std::array kSystemStores{
    SystemStore{"/etc/ssl/certs", "/etc/ssl/certs/ca-certificates.crt"},
    SystemStore{"/etc/pki/tls/certs", "/etc/pki/tls/certs/ca-bundle.crt"},
    SystemStore{"/var/lib/ca-certificates/openssl", "/var/lib/ca-certificates/ca-bundle.pem"},
    SystemStore{"/etc/ssl/certs", "/etc/ssl/cert.pem"},
};

bool is_hash_link(std::string_view name) {
    return name.size() >= 10 && name[8] == '.' &&
           std::all_of(name.begin(), name.begin() + 8, [](unsigned char c) { return std::isxdigit(c) != 0; }) &&
           std::all_of(name.begin() + 9, name.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
}

bool readable(const fs::path& path) { return ::access(path.c_str(), R_OK) == 0; }

Error unreadable(const fs::path& path, std::string_view setting) {
    return {ErrorCode::tls_failed, "cannot read the CA certificates in " + path.string(), "correct " + std::string(setting), std::nullopt};
}

}  // namespace

bool is_complete_hashed_directory(const fs::path& directory) {
    std::error_code error;
    std::size_t links = 0;
    std::size_t certificates = 0;
    for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
        const std::string name = it->path().filename().string();
        if (is_hash_link(name))
            ++links;
        else if (name.ends_with(".pem"))
            ++certificates;
    }
    return !error && links > 0 && links >= certificates;
}

Result<fs::path> choose_ca_store(const NetworkOptions& options) {
    if (!options.ca_file.empty()) {
        if (!readable(options.ca_file)) return unreadable(options.ca_file, "network.ca_file, or SSL_CERT_FILE");
        for (const SystemStore& store : kSystemStores)
            if (options.ca_file == store.bundle && is_complete_hashed_directory(store.directory)) return fs::path(store.directory);
        return options.ca_file;
    }
    if (!options.ca_directory.empty()) {
        if (!readable(options.ca_directory)) return unreadable(options.ca_directory, "network.ca_directory, or SSL_CERT_DIR");
        return options.ca_directory;
    }
    for (const SystemStore& store : kSystemStores)
        if (is_complete_hashed_directory(store.directory)) return fs::path(store.directory);
    for (const SystemStore& store : kSystemStores)
        if (readable(store.bundle)) return fs::path(store.bundle);
    return Error{ErrorCode::tls_failed, "this machine has no CA certificates", "install ca-certificates, or set network.ca_file or SSL_CERT_FILE", std::nullopt};
}

}  // namespace qwen::http
