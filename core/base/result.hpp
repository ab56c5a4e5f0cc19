// The value or the reason there is none.
//
// Member names follow std::expected, which g++ 12 has only in C++23 and clang 14 cannot compile (decision 0001); this
// becomes an alias of it when both can.
#pragma once

#include <cassert>
#include <type_traits>
#include <utility>
#include <variant>

#include "core/base/error.hpp"

namespace qwen {

/// Holds a T or an Error. Move-only types are fine. Reading the side that is not there is a bug (assert).
template <typename T>
class [[nodiscard]] Result {
public:
    using value_type = T;

    Result(T held) : state_(std::in_place_index<0>, std::move(held)) {}
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

    [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
    explicit operator bool() const noexcept { return has_value(); }

    T& value() & { assert(has_value()); return *std::get_if<0>(&state_); }
    const T& value() const& { assert(has_value()); return *std::get_if<0>(&state_); }
    T&& value() && { assert(has_value()); return std::move(*std::get_if<0>(&state_)); }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T&& operator*() && { return std::move(*this).value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }

    Error& error() & { assert(!has_value()); return *std::get_if<1>(&state_); }
    const Error& error() const& { assert(!has_value()); return *std::get_if<1>(&state_); }
    Error&& error() && { assert(!has_value()); return std::move(*std::get_if<1>(&state_)); }

    template <typename U>
    [[nodiscard]] T value_or(U&& fallback) && { return has_value() ? std::move(*this).value() : static_cast<T>(std::forward<U>(fallback)); }

private:
    std::variant<T, Error> state_;
};

/// Success without a value, or an Error.
template <>
class [[nodiscard]] Result<void> {
public:
    using value_type = void;

    Result() = default;
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

    [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
    explicit operator bool() const noexcept { return has_value(); }
    void value() const { assert(has_value()); }

    Error& error() & { assert(!has_value()); return *std::get_if<1>(&state_); }
    const Error& error() const& { assert(!has_value()); return *std::get_if<1>(&state_); }
    Error&& error() && { assert(!has_value()); return std::move(*std::get_if<1>(&state_)); }

private:
    std::variant<std::monostate, Error> state_;
};

}  // namespace qwen

#define QWEN_CONCAT_INNER(a, b) a##b
#define QWEN_CONCAT(a, b) QWEN_CONCAT_INNER(a, b)

/// QWEN_TRY(auto settings, resolve(layers)); declares `settings`, or returns the error. One per line.
#define QWEN_TRY(declaration, expression)                                                         \
    auto QWEN_CONCAT(qwen_try_, __LINE__) = (expression);                                         \
    if (!QWEN_CONCAT(qwen_try_, __LINE__)) return std::move(QWEN_CONCAT(qwen_try_, __LINE__)).error(); \
    declaration = std::move(QWEN_CONCAT(qwen_try_, __LINE__)).value()

/// QWEN_CHECK(save(file)); returns the error of an expression without a value.
#define QWEN_CHECK(expression)                                                                       \
    if (auto QWEN_CONCAT(qwen_check_, __LINE__) = (expression); !QWEN_CONCAT(qwen_check_, __LINE__)) \
    return std::move(QWEN_CONCAT(qwen_check_, __LINE__)).error()
