#include "host/plugin/plugin_trust.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/system/digest.hpp"
#include "core/system/minisign.hpp"
#include "host/plugin/bundled_hashes.hpp"

namespace qwen::host::plugin {
namespace {

constexpr std::uint64_t kMaxPluginBytes = 64u << 20;
/// Headers and notes stand in a file's first page; the manifest is at most 16 KiB.
constexpr std::size_t kHeadBytes = 32u << 10;
constexpr std::uint64_t kMaxSignatureBytes = 8u << 10;
constexpr mode_t kWritableByOthers = S_IWGRP | S_IWOTH;

Error refuse(const std::filesystem::path& path, std::string reason, std::string hint = {}) {
    return Error{ErrorCode::plugin_refused, fmt::format("the plugin cannot be used: {}", reason), std::move(hint), FileLocation{path.native()}};
}

bool is_trusted_owner(uid_t owner) { return owner == 0 || owner == ::geteuid(); }

Result<void> check_directory(const struct stat& facts, const std::filesystem::path& directory, bool holds_plugin, const std::filesystem::path& plugin) {
    if (!is_trusted_owner(facts.st_uid)) {
        return refuse(plugin, fmt::format("the directory {} belongs to another user (uid {})", directory.native(), facts.st_uid));
    }
    // In a sticky directory (like /tmp) others can add entries, but not replace ours.
    const bool sticky = (facts.st_mode & S_ISVTX) != 0 && !holds_plugin;
    if ((facts.st_mode & kWritableByOthers) != 0 && !sticky) {
        return refuse(plugin, fmt::format("others may write to the directory {}", directory.native()), fmt::format("chmod go-w {}", directory.native()));
    }
    return {};
}

/// Opens the plugin's directory component by component, so that no check can be raced by a symbolic link.
Result<system::Descriptor> open_directory(const std::filesystem::path& directory, const std::filesystem::path& plugin) {
    system::Descriptor current(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    std::filesystem::path walked = "/";
    struct stat facts {};
    for (const auto& component : directory.relative_path()) {
        if (::fstat(current.get(), &facts) != 0) return refuse(plugin, std::strerror(errno));
        QWEN_CHECK(check_directory(facts, walked, false, plugin));
        system::Descriptor next(::openat(current.get(), component.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        walked /= component;
        if (!next) return refuse(plugin, fmt::format("cannot open the directory {}: {}", walked.native(), std::strerror(errno)));
        current = std::move(next);
    }
    if (::fstat(current.get(), &facts) != 0) return refuse(plugin, std::strerror(errno));
    QWEN_CHECK(check_directory(facts, walked, true, plugin));
    return current;
}

system::FileFacts facts_from(const struct stat& raw) {
    return {.device = raw.st_dev, .inode = raw.st_ino, .owner = raw.st_uid, .group = raw.st_gid, .mode = raw.st_mode,
            .size = static_cast<std::uint64_t>(raw.st_size), .modified_ns = raw.st_mtim.tv_sec * 1'000'000'000LL + raw.st_mtim.tv_nsec};
}

Result<system::Descriptor> open_plugin(const std::filesystem::path& path, system::FileFacts& facts) {
    std::error_code error;
    const std::filesystem::path directory = std::filesystem::canonical(path.parent_path(), error);
    if (!path.is_absolute() || error) return refuse(path, "its path cannot be resolved");
    QWEN_TRY(const system::Descriptor parent, open_directory(directory, path));
    system::Descriptor file(::openat(parent.get(), path.filename().c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!file) {
        if (errno == ELOOP) return refuse(path, "it is a symbolic link", "copy the file instead");
        if (errno == ENOENT) return Error{ErrorCode::plugin_missing, "the plugin is not there any more", {}, FileLocation{path.native()}};
        return refuse(path, std::strerror(errno));
    }
    struct stat raw {};
    if (::fstat(file.get(), &raw) != 0) return refuse(path, std::strerror(errno));
    facts = facts_from(raw);
    if (!facts.is_regular()) return refuse(path, "it is no regular file");
    if (!is_trusted_owner(facts.owner)) return refuse(path, fmt::format("it belongs to another user (uid {})", facts.owner));
    if (facts.writable_by_others()) return refuse(path, "others may write to it", fmt::format("chmod go-w {}", path.native()));
    if (facts.size > kMaxPluginBytes) return refuse(path, "it is larger than 64 MiB");
    return file;
}

/// Copies the open file into memory that cannot be written, grown or shrunk any more.
Result<system::Descriptor> seal(const system::Descriptor& file, const PluginFile& plugin) {
    system::Descriptor memory(::memfd_create(plugin.id.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!memory) return refuse(plugin.path, fmt::format("no memory file for it: {}", std::strerror(errno)));
    std::uint64_t copied = 0;
    char buffer[64 * 1024];
    for (;;) {
        const ssize_t size = ::read(file.get(), buffer, sizeof buffer);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return refuse(plugin.path, std::strerror(errno));
        if (size == 0) break;
        copied += static_cast<std::uint64_t>(size);
        if (copied > kMaxPluginBytes) return refuse(plugin.path, "it is larger than 64 MiB");
        if (::write(memory.get(), buffer, static_cast<std::size_t>(size)) != size) return refuse(plugin.path, "no memory for a copy of it");
    }
    if (::fcntl(memory.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0) {
        return refuse(plugin.path, fmt::format("its copy cannot be sealed: {}", std::strerror(errno)));
    }
    return memory;
}

/// A read-only view of a sealed memory file: it cannot shrink, so reading it cannot raise SIGBUS.
class SealedView {
public:
    explicit SealedView(int descriptor) {
        struct stat facts {};
        if (::fstat(descriptor, &facts) != 0 || facts.st_size == 0) return;
        size_ = static_cast<std::size_t>(facts.st_size);
        void* const address = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, descriptor, 0);
        if (address != MAP_FAILED) address_ = address;
    }
    ~SealedView() {
        if (address_ != nullptr) ::munmap(address_, size_);
    }
    SealedView(const SealedView&) = delete;
    SealedView& operator=(const SealedView&) = delete;
    [[nodiscard]] std::string_view bytes() const { return address_ == nullptr ? std::string_view() : std::string_view(static_cast<const char*>(address_), size_); }

private:
    void* address_ = nullptr;
    std::size_t size_ = 0;
};

Error denied(const PluginFile& file, const PolicyRuling& ruling) {
    if (ruling.denial) return *ruling.denial;
    return Error{ErrorCode::denied_by_policy, fmt::format("plugin '{}' is denied by policy ({})", file.id, ruling.rule), {}, FileLocation{file.path.native()}};
}

Isolation default_isolation(const VerifiedPlugin& plugin) { return plugin.is_bundled_build ? Isolation::in_process : Isolation::own_process; }

Result<Manifest> parse_manifest_of(const PluginFile& file, std::string_view json) {
    const std::string& path = file.path.native();
    QWEN_TRY(Manifest manifest, parse_manifest(json, path));
    if (manifest.id != file.id) return refuse(file.path, fmt::format("it calls itself '{}' but the file is '{}.so'", manifest.id, file.id));
    QWEN_CHECK(check_compatible(manifest, path));
    return manifest;
}

Result<void> read_image(VerifiedPlugin& plugin, std::string_view bytes) {
    QWEN_TRY(plugin.elf, inspect_elf(bytes, plugin.file.path.native()));
    QWEN_TRY(plugin.manifest, parse_manifest_of(plugin.file, plugin.elf.manifest));
    return {};
}

}  // namespace

Result<VerifiedPlugin> verify_plugin(const PluginFile& file, const PluginPolicy& policy) {
    VerifiedPlugin plugin;
    plugin.file = file;
    PolicyRuling ruling = policy.by_name ? policy.by_name(file) : PolicyRuling{};
    if (ruling.effect == PolicyRuling::Effect::deny) return denied(file, ruling);

    QWEN_TRY(const system::Descriptor opened, open_plugin(file.path, plugin.facts));
    QWEN_TRY(plugin.sealed, seal(opened, file));
    const SealedView view(plugin.sealed.get());
    plugin.sha256 = system::hex(system::sha256(view.bytes()));
    plugin.is_bundled_build = is_bundled_hash(plugin.sha256);

    if (policy.by_content) {
        PolicyRuling by_content = policy.by_content(file, {plugin.sha256, view.bytes(), signature_path(file.path)});
        if (by_content.effect == PolicyRuling::Effect::deny) return denied(file, by_content);
        plugin.signer = by_content.signer;
        if (by_content.effect != PolicyRuling::Effect::no_rule) ruling = std::move(by_content);
    }
    QWEN_CHECK(read_image(plugin, view.bytes()));

    plugin.isolation = ruling.isolation.value_or(default_isolation(plugin));
    if (plugin.manifest.starts_threads) plugin.isolation = Isolation::own_process;
    plugin.rule = ruling.rule;
    return plugin;
}

Result<Manifest> read_plugin_manifest(const PluginFile& file, const PluginPolicy& policy) {
    const PolicyRuling ruling = policy.by_name ? policy.by_name(file) : PolicyRuling{};
    if (ruling.effect == PolicyRuling::Effect::deny) return denied(file, ruling);
    system::FileFacts facts;
    QWEN_TRY(const system::Descriptor opened, open_plugin(file.path, facts));
    std::string head(std::min<std::uint64_t>(facts.size, kHeadBytes), '\0');
    const ssize_t size = ::pread(opened.get(), head.data(), head.size(), 0);
    if (size < 0) return refuse(file.path, std::strerror(errno));
    QWEN_TRY(const std::string json, find_manifest(std::string_view(head).substr(0, static_cast<std::size_t>(size)), file.path.native()));
    return parse_manifest_of(file, json);
}

Result<VerifiedPlugin> examine_plugin(const PluginFile& file) {
    VerifiedPlugin plugin;
    plugin.file = file;
    const system::Descriptor opened(::open(file.path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    if (!opened && errno == ENOENT) return Error{ErrorCode::plugin_missing, "there is no such file", {}, FileLocation{file.path.native()}};
    struct stat raw {};
    if (!opened || ::fstat(opened.get(), &raw) != 0) return refuse(file.path, std::strerror(errno));
    plugin.facts = facts_from(raw);
    if (!plugin.facts.is_regular()) return refuse(file.path, "it is no regular file");
    if (plugin.facts.size > kMaxPluginBytes) return refuse(file.path, "it is larger than 64 MiB");
    QWEN_TRY(plugin.sealed, seal(opened, file));
    const SealedView view(plugin.sealed.get());
    plugin.sha256 = system::hex(system::sha256(view.bytes()));
    plugin.is_bundled_build = is_bundled_hash(plugin.sha256);
    QWEN_CHECK(read_image(plugin, view.bytes()));
    plugin.isolation = default_isolation(plugin);
    return plugin;
}

Result<std::string> bytes_of(const VerifiedPlugin& plugin) {
    const SealedView view(plugin.sealed.get());
    if (view.bytes().empty()) return refuse(plugin.file.path, "no memory for a copy of it");
    return std::string(view.bytes());
}

std::filesystem::path signature_path(const std::filesystem::path& plugin) { return plugin.native() + ".minisig"; }

Result<std::string> PluginContent::signer(const std::vector<std::string>& keys) const {
    std::vector<system::MinisignKey> parsed;
    for (const auto& key : keys) {
        QWEN_TRY(parsed.emplace_back(), system::parse_minisign_key(key));
    }
    // Whoever put it there: only what fits the bytes counts.
    QWEN_TRY(const auto text, system::read_file(signature, {.max_bytes = kMaxSignatureBytes, .follow_symlink = false}));
    if (!text) return Error{ErrorCode::plugin_refused, "it has no signature " + signature.filename().native(), {}, FileLocation{signature.native()}};
    QWEN_TRY(const auto signed_by, system::verify_minisign(bytes, text->bytes, parsed));
    return signed_by.key;
}

Result<void> ask_policy(const PluginPolicy& policy, const PluginFile& file, const PluginContent& content) {
    const PolicyRuling by_name = policy.by_name ? policy.by_name(file) : PolicyRuling{};
    if (by_name.effect == PolicyRuling::Effect::deny) return denied(file, by_name);
    const PolicyRuling by_content = policy.by_content ? policy.by_content(file, content) : PolicyRuling{};
    if (by_content.effect == PolicyRuling::Effect::deny) return denied(file, by_content);
    return {};
}

Result<VerifiedPlugin> inspect_sealed(system::Descriptor sealed, PluginFile file) {
    VerifiedPlugin plugin;
    plugin.file = std::move(file);
    plugin.sealed = std::move(sealed);
    const SealedView view(plugin.sealed.get());
    QWEN_CHECK(read_image(plugin, view.bytes()));
    return plugin;
}

}  // namespace qwen::host::plugin
