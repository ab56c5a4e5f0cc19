#include "core/http/retry_after.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace qwen::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> kDays{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr std::array<std::string_view, 7> kLongDays{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};

/// A cursor over a date: each step fails for good when the text is not what the form says.
class DateReader {
public:
    explicit DateReader(std::string_view text) : text_(text) {}

    void literal(std::string_view expected) {
        ok_ = ok_ && text_.starts_with(expected);
        if (ok_) text_.remove_prefix(expected.size());
    }
    int digits(std::size_t count) {
        int value = 0;
        ok_ = ok_ && text_.size() >= count && std::all_of(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(count), [](char c) { return c >= '0' && c <= '9'; });
        if (!ok_) return 0;
        std::from_chars(text_.data(), text_.data() + count, value);
        text_.remove_prefix(count);
        return value;
    }
    /// Two digits, or a space and one digit (asctime).
    int padded_day() {
        if (ok_ && text_.starts_with(' ')) {
            text_.remove_prefix(1);
            return digits(1);
        }
        return digits(2);
    }
    template <std::size_t N>
    int one_of(const std::array<std::string_view, N>& names) {
        for (std::size_t i = 0; ok_ && i < N; ++i) {
            if (!text_.starts_with(names[i])) continue;
            text_.remove_prefix(names[i].size());
            return static_cast<int>(i);
        }
        ok_ = false;
        return 0;
    }
    void time(int& hour, int& minute, int& second) {
        hour = digits(2);
        literal(":");
        minute = digits(2);
        literal(":");
        second = digits(2);
    }
    [[nodiscard]] bool finished() const { return ok_ && text_.empty(); }

private:
    std::string_view text_;
    bool ok_ = true;
};

struct Fields {
    int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
};

std::optional<UtcTime> make_time(const Fields& f) {
    using namespace std::chrono;
    const year_month_day date{year{f.year}, month{static_cast<unsigned>(f.month + 1)}, day{static_cast<unsigned>(f.day)}};
    if (!date.ok() || f.hour > 23 || f.minute > 59 || f.second > 60) return std::nullopt;
    return UtcTime{sys_days{date}.time_since_epoch() + hours{f.hour} + minutes{f.minute} + seconds{f.second}};
}

std::optional<Fields> imf_fixdate(std::string_view text) {  // Sun, 06 Nov 1994 08:49:37 GMT
    DateReader reader(text);
    Fields f;
    reader.one_of(kDays);
    reader.literal(", ");
    f.day = reader.digits(2);
    reader.literal(" ");
    f.month = reader.one_of(kMonths);
    reader.literal(" ");
    f.year = reader.digits(4);
    reader.literal(" ");
    reader.time(f.hour, f.minute, f.second);
    reader.literal(" GMT");
    return reader.finished() ? std::optional(f) : std::nullopt;
}

std::optional<Fields> rfc850_date(std::string_view text) {  // Sunday, 06-Nov-94 08:49:37 GMT
    DateReader reader(text);
    Fields f;
    reader.one_of(kLongDays);
    reader.literal(", ");
    f.day = reader.digits(2);
    reader.literal("-");
    f.month = reader.one_of(kMonths);
    reader.literal("-");
    f.year = reader.digits(2);
    reader.literal(" ");
    reader.time(f.hour, f.minute, f.second);
    reader.literal(" GMT");
    f.year += f.year < 70 ? 2000 : 1900;
    return reader.finished() ? std::optional(f) : std::nullopt;
}

std::optional<Fields> asctime_date(std::string_view text) {  // Sun Nov  6 08:49:37 1994
    DateReader reader(text);
    Fields f;
    reader.one_of(kDays);
    reader.literal(" ");
    f.month = reader.one_of(kMonths);
    reader.literal(" ");
    f.day = reader.padded_day();
    reader.literal(" ");
    reader.time(f.hour, f.minute, f.second);
    reader.literal(" ");
    f.year = reader.digits(4);
    return reader.finished() ? std::optional(f) : std::nullopt;
}

/// Digits only, saturating far above any wait that makes sense.
std::optional<std::int64_t> whole(std::string_view text) {
    if (text.empty() || !std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) return std::nullopt;
    constexpr std::int64_t kMost = 1'000'000'000;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc::result_out_of_range ? kMost : std::min(value, kMost);
}

}  // namespace

std::optional<UtcTime> parse_http_date(std::string_view text) {
    text = without_ows(text);
    for (const auto form : {&imf_fixdate, &rfc850_date, &asctime_date})
        if (const auto fields = form(text)) return make_time(*fields);
    return std::nullopt;
}

std::optional<milliseconds> retry_after(const HeaderList& headers, UtcTime now) {
    if (const auto text = headers.get("retry-after-ms"))
        if (const auto value = whole(without_ows(*text))) return milliseconds{*value};
    const auto text = headers.get("retry-after");
    if (!text) return std::nullopt;
    if (const auto value = whole(without_ows(*text))) return seconds{*value};
    const auto date = parse_http_date(*text);
    if (!date) return std::nullopt;
    const auto from = parse_http_date(headers.get("date").value_or("")).value_or(now);
    return std::max(milliseconds{0}, std::chrono::duration_cast<milliseconds>(*date - from));
}

}  // namespace qwen::http
