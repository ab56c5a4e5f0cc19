#include "core/system/file.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "tests/fakes/temporary_directory.hpp"

using namespace qwen;
using namespace qwen::system;
using qwen::tests::read_text;
using qwen::tests::TemporaryDirectory;
using qwen::tests::write_text;

namespace {

mode_t mode_of(const std::filesystem::path& path) {
    struct stat status {};
    REQUIRE(::lstat(path.c_str(), &status) == 0);
    return status.st_mode & 07777;
}

void make_socket(const std::filesystem::path& path) {
    const Descriptor descriptor(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    REQUIRE(::bind(descriptor.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
}

}  // namespace

TEST_SUITE("core/system/file") {
    TEST_CASE("a regular file is read whole, with the facts of what was read") {
        const TemporaryDirectory directory;
        write_text(directory / "file", std::string("a\0b\n", 4));
        ::chmod((directory / "file").c_str(), 0640);

        const auto content = read_file(directory / "file", {});

        REQUIRE(content);
        REQUIRE(content->has_value());
        CHECK((*content)->bytes == std::string("a\0b\n", 4));
        CHECK((*content)->facts.is_regular());
        CHECK((*content)->facts.size == 4);
        CHECK(((*content)->facts.mode & 0777) == 0640);
        CHECK((*content)->facts.owner == ::geteuid());
        CHECK_FALSE((*content)->facts.writable_by_others());
    }

    TEST_CASE("nothing at the path is not an error") {
        const TemporaryDirectory directory;
        write_text(directory / "file", "x");
        CHECK_FALSE(read_file(directory / "absent", {}).value().has_value());
        CHECK_FALSE(read_file(directory / "absent/below", {}).value().has_value());
        CHECK_FALSE(read_file(directory / "file/below", {}).value().has_value());
    }

    TEST_CASE("what is no regular file is refused at once") {
        const TemporaryDirectory directory;
        std::filesystem::path path;
        SUBCASE("a FIFO without a writer") {
            path = directory / "fifo";
            REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
        }
        SUBCASE("a directory") { path = directory.path(); }
        SUBCASE("a socket") {
            path = directory / "socket";
            make_socket(path);
        }
        SUBCASE("an endless device behind a link") {
            path = directory / "link";
            std::filesystem::create_symlink("/dev/zero", path);
        }

        const auto content = read_file(path, {});

        REQUIRE_FALSE(content);
        CHECK(content.error().code == ErrorCode::storage_failed);
        CHECK(content.error().message == "not a regular file");
        CHECK(content.error().where->path == path.string());
    }

    TEST_CASE("a file longer than allowed is refused, one of just that length is not") {
        const TemporaryDirectory directory;
        write_text(directory / "file", std::string(100, 'x'));
        CHECK(read_file(directory / "file", {.max_bytes = 100}).value()->bytes.size() == 100);
        CHECK_FALSE(read_file(directory / "file", {.max_bytes = 99}));
    }

    TEST_CASE("a file that says it is empty is still bounded") {
        CHECK_FALSE(read_file("/proc/self/maps", {.max_bytes = 64}));
        CHECK_FALSE(read_file("/proc/self/status", {}).value()->bytes.empty());
    }

    TEST_CASE("a symbolic link is followed only when the rules say so") {
        const TemporaryDirectory directory;
        write_text(directory / "file", "x");
        std::filesystem::create_symlink("file", directory / "link");
        CHECK(read_file(directory / "link", {}).value()->bytes == "x");

        const auto refused = read_file(directory / "link", {.follow_symlink = false});

        REQUIRE_FALSE(refused);
        CHECK(refused.error().message == "a symbolic link is not allowed here");
    }

    TEST_CASE("a file is read relative to an open directory") {
        const TemporaryDirectory directory;
        write_text(directory / "file", "x");

        const auto opened = open_directory(directory.path());

        REQUIRE(opened);
        REQUIRE(opened->has_value());
        CHECK(read_file_at(**opened, "file", {}, directory / "file").value()->bytes == "x");
        CHECK_FALSE(read_file_at(**opened, "absent", {}, directory / "absent").value().has_value());
        CHECK_FALSE(open_directory(directory / "absent").value().has_value());
        CHECK_FALSE(open_directory(directory / "file"));
    }

    TEST_CASE("a private directory is made with its parents and left alone when it is there") {
        const TemporaryDirectory directory;
        CHECK(make_private_directory(directory / "a/b"));
        CHECK(mode_of(directory / "a") == 0700);
        CHECK(mode_of(directory / "a/b") == 0700);
        CHECK(make_private_directory(directory / "a/b"));

        write_text(directory / "file", "x");
        CHECK_FALSE(make_private_directory(directory / "file"));
        CHECK_FALSE(make_private_directory(directory / "file/below"));
    }

    TEST_CASE("a file is replaced with mode 0600 and without leftovers") {
        const TemporaryDirectory directory;
        const auto path = directory / "file";
        write_text(path, "old");
        ::chmod(path.c_str(), 0666);
        write_text(directory / "file.tmp", "left by a crash");
        const mode_t old_mask = ::umask(0777);

        const auto replaced = replace_file(path, "new");

        ::umask(old_mask);
        REQUIRE(replaced);
        CHECK(read_text(path) == "new");
        CHECK(mode_of(path) == 0600);
        CHECK_FALSE(std::filesystem::exists(directory / "file.tmp"));
    }

    TEST_CASE("a link at the place of the file is replaced, its target is not touched") {
        const TemporaryDirectory directory;
        write_text(directory / "target", "precious");
        std::filesystem::create_symlink("target", directory / "file");
        std::filesystem::create_symlink("target", directory / "file.tmp");

        REQUIRE(replace_file(directory / "file", "new"));

        CHECK(read_text(directory / "target") == "precious");
        CHECK(std::filesystem::is_regular_file(std::filesystem::symlink_status(directory / "file")));
    }

    TEST_CASE("a failed replacement leaves the old content and no temporary") {
        const TemporaryDirectory directory;
        std::filesystem::create_directory(directory / "file");
        write_text(directory / "file/inside", "x");

        const auto replaced = replace_file(directory / "file", "new");

        REQUIRE_FALSE(replaced);
        CHECK(replaced.error().code == ErrorCode::storage_failed);
        CHECK(std::filesystem::exists(directory / "file/inside"));
        CHECK_FALSE(std::filesystem::exists(directory / "file.tmp"));
        CHECK_FALSE(replace_file(directory / "absent/file", "new"));
    }

    TEST_CASE("a lock excludes a second holder until it is released") {
        const TemporaryDirectory directory;
        const Context at_once{.deadline = MonotonicTime{}, .cancellation = nullptr};
        {
            const auto first = FileLock::acquire(directory / "lock", {});
            REQUIRE(first);
            const auto second = FileLock::acquire(directory / "lock", at_once);
            REQUIRE_FALSE(second);
            CHECK(second.error().code == ErrorCode::timed_out);
        }
        CHECK(FileLock::acquire(directory / "lock", at_once));
        CHECK(mode_of(directory / "lock") == 0600);
    }

    TEST_CASE("waiting for a lock can be cancelled") {
        const TemporaryDirectory directory;
        const auto held = FileLock::acquire(directory / "lock", {});
        CancellationSource source;
        source.cancel();

        const auto second = FileLock::acquire(directory / "lock", Context{.deadline = {}, .cancellation = &source});

        REQUIRE_FALSE(second);
        CHECK(second.error().code == ErrorCode::cancelled);
    }

    TEST_CASE("the lock of a killed process is free at once") {
        const TemporaryDirectory directory;
        const auto path = directory / "lock";
        int ready[2];
        REQUIRE(::pipe(ready) == 0);
        const pid_t child = ::fork();
        if (child == 0) {
            const auto held = FileLock::acquire(path, {});
            [[maybe_unused]] const auto written = ::write(ready[1], "x", 1);
            ::pause();
            ::_exit(0);
        }
        char byte = 0;
        REQUIRE(::read(ready[0], &byte, 1) == 1);
        const Context at_once{.deadline = MonotonicTime{}, .cancellation = nullptr};
        CHECK_FALSE(FileLock::acquire(path, at_once));

        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);

        CHECK(FileLock::acquire(path, at_once));
        ::close(ready[0]);
        ::close(ready[1]);
    }

    TEST_CASE("a lock file must be a regular file of its own") {
        const TemporaryDirectory directory;
        write_text(directory / "file", "");
        std::filesystem::create_symlink("file", directory / "link");
        REQUIRE(::mkfifo((directory / "fifo").c_str(), 0600) == 0);
        std::filesystem::create_directory(directory / "directory");
        for (const char* name : {"link", "fifo", "directory"}) {
            CAPTURE(name);
            const auto lock = FileLock::acquire(directory / name, {});
            REQUIRE_FALSE(lock);
            CHECK(lock.error().code == ErrorCode::storage_failed);
        }
    }
}
