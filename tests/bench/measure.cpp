// Runs programs in turn and measures each run: what scripts/bench takes its figures from.
//
// Reads a JSON document on standard input: {"runs": N, "programs": [{"name", "argv", "env", "cwd", "stdin"}]}, where `stdin` is the path of a file.
// Programs take turns (A B A B ...), so that a busy moment of the machine meets all of them. Prints one JSON object with,
// for each name, arrays over the runs: wall_us, cpu_us (user and system), rss_kib, first_us (to the first byte on standard output); and delay_us,
// one value for each stamp of the loopback provider (behaviour.hpp, "stamp") seen in the output, from being sent to being read here.
//
// ru_maxrss of a child starts at the size of the process that spawned it, so this program must stay smaller than what it measures: it keeps
// numbers only, never output.
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kStampDigits = 20;

long long nanoseconds(Clock::time_point moment) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(moment.time_since_epoch()).count();
}

struct Program {
    std::string name;
    std::vector<std::string> argv, env;
    std::string cwd, input;
};

struct Series {
    std::vector<double> wall_us, cpu_us, rss_kib, first_us, delay_us;
    long long bytes = 0;
    int exit_code = 0;
};

// Stamps are "[" and 20 digits; one may be split over two reads.
class StampReader {
public:
    void read(std::string_view data, long long now, std::vector<double>& delays) {
        for (const char c : data) {
            if (c == '[') {
                digits_ = 0;
                value_ = 0;
                inside_ = true;
            } else if (inside_ && c >= '0' && c <= '9') {
                value_ = value_ * 10 + (c - '0');
                ++digits_;
            } else {
                if (inside_ && c == ']' && digits_ == kStampDigits) delays.push_back(static_cast<double>(now - value_) / 1000.0);
                inside_ = false;
            }
        }
    }

private:
    bool inside_ = false;
    std::size_t digits_ = 0;
    long long value_ = 0;
};

std::vector<char*> pointers(std::vector<std::string>& strings) {
    std::vector<char*> result;
    for (auto& text : strings) result.push_back(text.data());
    result.push_back(nullptr);
    return result;
}

pid_t spawn(Program& program, int out) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, program.input.empty() ? "/dev/null" : program.input.c_str(), O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out, 1);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    if (!program.cwd.empty()) posix_spawn_file_actions_addchdir_np(&actions, program.cwd.c_str());
    auto argv = pointers(program.argv);
    auto env = pointers(program.env);
    pid_t pid = 0;
    const int problem = posix_spawn(&pid, argv[0], &actions, nullptr, argv.data(), env.data());
    posix_spawn_file_actions_destroy(&actions);
    if (problem != 0) throw std::runtime_error(program.argv[0] + ": " + std::strerror(problem));
    return pid;
}

double microseconds(const timeval& time) { return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec); }

void run_once(Program& program, Series& series) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
    static char buffer[65536];
    StampReader stamps;
    bool first = true;

    const auto begin = Clock::now();
    const pid_t pid = spawn(program, ends[1]);
    close(ends[1]);
    for (ssize_t size = 0; (size = read(ends[0], buffer, sizeof buffer)) > 0;) {
        const auto now = Clock::now();
        if (std::exchange(first, false)) series.first_us.push_back(std::chrono::duration<double, std::micro>(now - begin).count());
        stamps.read({buffer, static_cast<std::size_t>(size)}, nanoseconds(now), series.delay_us);
        series.bytes += size;
    }
    int status = 0;
    rusage usage{};
    wait4(pid, &status, 0, &usage);
    series.wall_us.push_back(std::chrono::duration<double, std::micro>(Clock::now() - begin).count());
    close(ends[0]);

    series.cpu_us.push_back(microseconds(usage.ru_utime) + microseconds(usage.ru_stime));
    series.rss_kib.push_back(static_cast<double>(usage.ru_maxrss));
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (code != 0) series.exit_code = code;
}

json to_json(const Series& series) {
    return {{"wall_us", series.wall_us}, {"cpu_us", series.cpu_us}, {"rss_kib", series.rss_kib}, {"first_us", series.first_us},
            {"delay_us", series.delay_us}, {"bytes", series.bytes}, {"exit_code", series.exit_code}};
}

}  // namespace

int main() try {
    const auto order = json::parse(std::cin);
    std::vector<Program> programs;
    for (const auto& entry : order.at("programs")) {
        programs.push_back({entry.at("name"), entry.at("argv"), entry.value("env", std::vector<std::string>{}), entry.value("cwd", ""), entry.value("stdin", "")});
    }

    std::vector<Series> series(programs.size());
    for (auto& program : programs) {
        Series warm_up;  // the first run reads files from the disk
        run_once(program, warm_up);
    }
    for (int run = order.at("runs"); run > 0; --run) {
        for (std::size_t i = 0; i < programs.size(); ++i) run_once(programs[i], series[i]);
    }

    json result = json::object();
    for (std::size_t i = 0; i < programs.size(); ++i) result[programs[i].name] = to_json(series[i]);
    std::cout << result.dump() << '\n';
    return EXIT_SUCCESS;
} catch (const std::exception& problem) {
    std::cerr << "measure: " << problem.what() << '\n';
    return EXIT_FAILURE;
}
