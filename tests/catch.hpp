#pragma once

// Debian 12 ships Catch2 v2 (one header), Debian 13 v3 (several): tests include this file and see one API.
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
namespace gantry::test {
inline auto contains(const std::string& part) { return Catch::Matchers::ContainsSubstring(part); }
} // namespace gantry::test
#else
#include <catch2/catch.hpp>
namespace gantry::test {
inline auto contains(const std::string& part) { return Catch::Matchers::Contains(part); }
} // namespace gantry::test
#endif
