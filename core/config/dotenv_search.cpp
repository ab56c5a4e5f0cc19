#include "core/config/dotenv_search.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>

#include "core/system/file.hpp"

namespace qwen::config {
namespace {

namespace fs = std::filesystem;
using system::Descriptor;
using system::FileFacts;

constexpr std::uint64_t kMaxDotenvBytes = 64u << 10;
constexpr int kMaxDepth = 1000;

/// Whose files may configure this user: their own, root's, and under sudo those of the user who called it.
class Owners {
public:
    explicit Owners(const system::Environment& environment) : user_(environment.effective_uid) {
        const auto sudo = environment.variable("SUDO_UID");
        unsigned uid = 0;
        if (user_ == 0 && sudo && std::from_chars(sudo->data(), sudo->data() + sudo->size(), uid).ec == std::errc{}) sudo_ = uid;
        if (const auto safe = environment.variable("QWEN_SAFE_DIRECTORY")) safe_directory_ = fs::path(*safe).lexically_normal();
    }
    [[nodiscard]] bool trusts(unsigned owner) const { return owner == 0 || owner == user_ || owner == sudo_; }
    /// Only the owner (or the owner's private group, which Debian gives the same number) may write.
    [[nodiscard]] bool nobody_else_writes(const FileFacts& facts) const {
        if ((facts.mode & S_IWOTH) != 0) return false;
        return (facts.mode & S_IWGRP) == 0 || facts.group == facts.owner;
    }
    [[nodiscard]] bool declared_safe(const fs::path& directory) const { return !safe_directory_.empty() && directory.lexically_normal() == safe_directory_; }

private:
    unsigned user_;
    std::optional<unsigned> sudo_;
    fs::path safe_directory_;
};

Error refused(const Error& cause, const fs::path& path) {
    return {ErrorCode::dotenv_refused, "the .env file that applies cannot be used: " + cause.message, "remove it, or run somewhere else", FileLocation{path.string(), 0, 0}};
}

class Search {
public:
    Search(const system::Environment& environment, const fs::path& user_directory) : environment_(environment), user_directory_(user_directory), owners_(environment) {}

    Result<DotenvSearch> run() {
        const FileIdentity home = identity_of(environment_.home);
        QWEN_CHECK(walk_up(home));
        // What the walk has looked at already is not looked at (and complained of) again.
        if (!result_.winner && !(walked_home_ && user_directory_ == environment_.home / ".qwen")) QWEN_CHECK(look_into(user_directory_, ".env"));
        if (!result_.winner && !walked_home_) QWEN_CHECK(look_into(environment_.home, ".env"));
        return std::move(result_);
    }

private:
    // Paths are texts here and cut at their last slash: std::filesystem::path takes itself apart each time, which made a deep walk quadratic.
    [[nodiscard]] Result<void> walk_up(const FileIdentity& home) {
        std::string shown = environment_.working_directory.native();
        auto opened = system::open_directory(shown);
        if (!opened || !*opened) return {};  // the directory was removed under us
        Descriptor directory = std::move(**opened);
        for (int depth = 0; depth < kMaxDepth; ++depth) {
            QWEN_TRY(const FileFacts facts, system::facts_of(directory));
            const bool is_home = home.inode != 0 && home == FileIdentity{facts.device, facts.inode};
            walked_home_ = walked_home_ || is_home;
            for (const char* name : {".qwen/.env", ".env"}) {
                QWEN_CHECK(look_at(directory, facts, shown, name, is_home ? TrustClass::user : TrustClass::project));
                if (result_.winner) return {};
            }
            if (shown == "/") return {};
            const std::size_t slash = shown.find_last_of('/');
            shown.erase(slash == 0 || slash == std::string::npos ? 1 : slash);
            auto parent = system::open_parent(directory);
            if (!parent) return {};  // nothing readable above
            directory = std::move(*parent);
        }
        return {};
    }

    /// A directory of the user's own.
    [[nodiscard]] Result<void> look_into(const fs::path& path, const char* name) {
        if (path.empty()) return {};
        const auto opened = system::open_directory(path);
        if (!opened || !*opened) {
            ++result_.places;
            return {};
        }
        QWEN_TRY(const FileFacts facts, system::facts_of(**opened));
        return look_at(**opened, facts, path.native(), name, TrustClass::user);
    }

    [[nodiscard]] Result<void> look_at(const Descriptor& directory, const FileFacts& directory_facts, const std::string& shown, const char* name, TrustClass trust) {
        ++result_.places;
        const auto facts = system::facts_at(directory, name);
        if (facts && !*facts) return {};
        const fs::path path = fs::path(shown) / name;
        if (!facts) return refused(facts.error(), path);
        if (!acceptable(**facts, directory_facts, shown, path)) return {};
        return load(directory, name, path, trust);
    }

    /// Says why not, once, in a notice.
    [[nodiscard]] bool acceptable(const FileFacts& facts, const FileFacts& directory, const fs::path& shown, const fs::path& path) {
        const auto ignore = [&](std::string why) {
            result_.notices.push_back({".env ignored: " + std::move(why), FileLocation{path.string(), 0, 0}});
            return false;
        };
        if (!owners_.trusts(facts.owner) && !owners_.declared_safe(shown))
            return ignore("the file belongs to another user (uid " + std::to_string(facts.owner) + "); if you trust the directory, set QWEN_SAFE_DIRECTORY to it");
        if (!owners_.trusts(directory.owner) && !owners_.declared_safe(shown))
            return ignore("its directory belongs to another user (uid " + std::to_string(directory.owner) + "); if you trust it, set QWEN_SAFE_DIRECTORY to it");
        if ((directory.mode & S_IWOTH) != 0) return ignore("everybody may write in its directory");
        // What is no file at all is refused when it is read, with a better reason than its mode.
        if (facts.is_regular() && !owners_.nobody_else_writes(facts)) return ignore("others may write it; chmod go-w makes it count");
        return true;
    }

    [[nodiscard]] Result<void> load(const Descriptor& directory, const char* name, const fs::path& path, TrustClass trust) {
        auto content = system::read_file_at(directory, name, {.max_bytes = kMaxDotenvBytes, .follow_symlink = true}, path);
        if (!content) return refused(content.error(), path);
        if (!*content) return {};  // removed between the two looks
        system::FileContent& file = **content;
        // What was read is what is judged: the path may have changed hands since facts_at().
        if (!owners_.trusts(file.facts.owner) && !owners_.declared_safe(path.parent_path())) return {};
        if (!owners_.nobody_else_writes(file.facts)) return {};
        const bool in_qwen_directory = path.parent_path().filename() == ".qwen";
        result_.winner = DotenvFile{path, std::move(file.bytes), {file.facts.device, file.facts.inode}, trust, trust == TrustClass::project && !in_qwen_directory};
        return {};
    }

    static FileIdentity identity_of(const fs::path& path) {
        if (path.empty()) return {};
        const auto directory = system::open_directory(path);
        if (!directory || !*directory) return {};
        const auto facts = system::facts_of(**directory);
        return facts ? FileIdentity{facts->device, facts->inode} : FileIdentity{};
    }

    const system::Environment& environment_;
    const fs::path& user_directory_;
    Owners owners_;
    DotenvSearch result_;
    bool walked_home_ = false;
};

}  // namespace

Result<DotenvSearch> find_dotenv(const system::Environment& environment, const fs::path& user_directory) { return Search(environment, user_directory).run(); }

}  // namespace qwen::config
