// A sign-in on a file system that is full or read-only: a renewal goes on from memory and says so, a login fails with a clear error, and
// the old file is intact. Needs a mount of its own, so it is skipped with a reason where that is not allowed.
#include <sched.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "tests/torture/sign_in.hpp"

using namespace qwen;

namespace {

bool check(bool holds, const char* what) {
    if (!holds) std::printf("full_disk FAILED: %s\n", what);
    return holds;
}

void fill(const std::filesystem::path& directory) {
    const system::Descriptor file(::open((directory / "filling").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    const std::string block(4096, 'x');
    while (::write(file.get(), block.data(), block.size()) > 0) {
    }
}

bool run(const char* name, const std::filesystem::path& home, const torture::Endpoint& endpoint, const std::filesystem::path& runtime) {
    const std::string old_content = tests::read_text(home / "oauth_creds.json");
    endpoint.prepare();
    std::string notices;
    torture::SignIn sign_in(
        home, endpoint, [&](std::string_view text) { notices += std::string(text) + '\n'; }, runtime);

    const auto first = sign_in.token();
    const auto second = sign_in.token();
    const auto revision = sign_in.store.get(auth::OAuthCacheStore::kKey).value()->revision;
    const auto login = sign_in.store.put_if(auth::OAuthCacheStore::kKey, Secret{torture::credentials("9", {})}, {}, revision);

    bool passed = check(first && *first == "at-2" && second && *second == "at-2", "the renewed sign-in is used");
    passed = check(endpoint.calls() == 1 && endpoint.reuses() == 0, "one call") && passed;
    passed = check(notices.find("could not be saved") != std::string::npos, "the user is told") && passed;
    passed = check(!login && login.error().code == ErrorCode::storage_failed, "a login reports the failure") && passed;
    passed = check(tests::read_text(home / "oauth_creds.json") == old_content, "the old file is intact") && passed;
    passed = check(!std::filesystem::exists(home / "oauth_creds.json.tmp"), "no temporary is left") && passed;
    std::printf("full_disk %s calls=%d old_file=%s login_error=\"%s\"\n", name, static_cast<int>(endpoint.calls()),
                passed ? "intact" : "see above", login ? "none" : login.error().message.c_str());
    return passed;
}

}  // namespace

int main() {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    const tests::TemporaryDirectory directory;
    const auto home = directory / "home";
    std::filesystem::create_directories(home);
    std::filesystem::create_directories(directory / "endpoint");
    const bool mounted = ::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                         ::mount("tmpfs", home.c_str(), "tmpfs", 0, "size=64k,mode=0700") == 0;
    if (!mounted) {
        std::printf("full_disk: skipped, a file system cannot be mounted here (%s)\n", std::strerror(errno));
        return 0;
    }
    const torture::Endpoint endpoint{.directory = directory / "endpoint"};
    torture::write_expired(home);
    fill(home);
    bool passed = run("full", home, endpoint, {});
    std::filesystem::remove(home / "filling");
    passed = check(::mount("none", home.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) == 0, "remount") && passed;
    passed = run("read_only", home, endpoint, directory / "run") && passed;
    ::umount2(home.c_str(), MNT_DETACH);
    return passed ? 0 : 1;
}
