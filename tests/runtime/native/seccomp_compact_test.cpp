#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <map>
#include <random>
#include <set>

#include "runtime/native/seccomp_answer.hpp"
#include "runtime/native/seccomp_compact.hpp"
#include "runtime/native/seccomp_filter.hpp"
#include "runtime/spec/seccomp.hpp"
#include "tests/catch.hpp"
#include "tests/runtime/spec/fixture.hpp"

using namespace gantry;

namespace {

using code_list = std::vector<sock_filter>;
using numbers = std::set<std::uint32_t>;
using words_of_call = std::map<std::uint32_t, numbers>; ///< values by the offset of a word

std::string bytes_of(const code_list& code) {
  return {reinterpret_cast<const char*>(code.data()), code.size() * sizeof(sock_filter)};
}

code_list code_of(const std::string& bytes) {
  code_list code(bytes.size() / sizeof(sock_filter));
  if (!bytes.empty()) std::memcpy(code.data(), bytes.data(), bytes.size());
  return code;
}

sock_filter word_at(std::uint32_t offset) { return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset); }
sock_filter ends_with(std::uint32_t action) { return BPF_STMT(BPF_RET | BPF_K, action); }
sock_filter jump_if(int how, std::uint32_t value, unsigned yes, unsigned no) {
  return BPF_JUMP(static_cast<__u16>(BPF_JMP | BPF_K | how), value, static_cast<__u8>(yes), static_cast<__u8>(no));
}
constexpr std::uint32_t nr_at = offsetof(seccomp_data, nr), arch_at = offsetof(seccomp_data, arch);

numbers around(std::uint32_t value) { return {value - 1, value, value + 1}; }

/// How many calls a program is asked.
struct effort {
  std::uint32_t numbers = 1024;
  std::size_t combinations = 1000; ///< of values of arguments, for each number
};

/// Numbers and architectures at which the program, or the kernel, may make a difference.
words_of_call known_words(const code_list& program, std::uint32_t plain) {
  words_of_call words;
  words[arch_at] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, 0x12345678};
  if (plain > 100) words[arch_at].merge(numbers{AUDIT_ARCH_AARCH64, AUDIT_ARCH_ARM, AUDIT_ARCH_S390X, ~0U, 0});
  auto& calls = words[nr_at];
  for (std::uint32_t number = 0; number < plain; ++number)
    for (const auto base : {0U, 0x40000000U, 0x80000000U}) calls.insert(base + number);
  calls.merge(numbers{0x3fffffff, 0x7fffffff, 0xbfffffff, 0xc0000000, 0xc0000001, 0xfffffffe, 0xffffffff});
  for (const auto& one : program)
    if (BPF_CLASS(one.code) == BPF_JMP && BPF_OP(one.code) != BPF_JA) calls.merge(around(one.k));
  return words;
}

std::uint32_t read_word(const seccomp_data& call, std::uint32_t offset) {
  std::uint32_t word = 0;
  std::memcpy(&word, reinterpret_cast<const char*>(&call) + offset, sizeof word);
  return word;
}

/// Whether the instruction lets the arguments decide: adds values on both sides of what it compares them with.
void add_values(const sock_filter& one, numbers& values) {
  values.merge(around(one.k));
  values.merge(numbers{0, ~0U, ~one.k, one.k << 1, one.k | 0x80000000, one.k ^ 1});
}

/// The words of arguments that the answer to `call` may depend on, with values to try: goes both ways at each of them.
void explore(const code_list& program, const seccomp_data& call, std::size_t at, std::uint32_t offset,
             std::set<std::pair<std::size_t, std::uint32_t>>& seen, words_of_call& found) {
  for (; at < program.size() && BPF_CLASS(program[at].code) != BPF_RET; ++at) {
    const auto& one = program[at];
    if (BPF_CLASS(one.code) == BPF_LD) offset = one.k;
    if (one.code == (BPF_JMP | BPF_JA)) at += one.k;
    if (BPF_CLASS(one.code) == BPF_ALU) add_values(one, found[offset]);
    if (BPF_CLASS(one.code) != BPF_JMP || BPF_OP(one.code) == BPF_JA) continue;
    if (offset == nr_at || offset == arch_at) {
      at += native::comparison_holds(one.code, read_word(call, offset), one.k) ? one.jt : one.jf;
      continue;
    }
    if (!seen.emplace(at, offset).second) return;
    add_values(one, found[offset]);
    explore(program, call, at + 1 + one.jt, offset, seen, found);
    at += one.jf;
  }
}

/// Fails if two programs answer a call differently; says so once a program, with the call.
struct comparison {
  std::string one, other;
  std::size_t calls = 0;

  bool same(const seccomp_data& call) {
    ++calls;
    const auto left = native::seccomp_answer(one, call), right = native::seccomp_answer(other, call);
    if (left && right && *left == *right) return true;
    CAPTURE(call.arch, call.nr, call.args[0], call.args[1], call.args[2], call.args[3], call.args[4], call.args[5]);
    REQUIRE(left);
    REQUIRE(right);
    CHECK(*left == *right);
    return false;
  }

  /// All combinations of the values, or `enough` of them.
  bool same(seccomp_data call, const words_of_call& values, std::size_t enough, std::mt19937& dice) {
    std::size_t count = 1;
    for (const auto& one_word : values) count *= one_word.second.size();
    if (count <= enough) return same_with(call, values, values.begin());
    for (std::size_t tried = 0; tried < enough; ++tried) {
      for (const auto& [offset, choices] : values) {
        const auto chosen = std::next(choices.begin(), static_cast<long>(dice() % choices.size()));
        std::memcpy(reinterpret_cast<char*>(&call) + offset, &*chosen, sizeof *chosen);
      }
      if (!same(call)) return false;
    }
    return true;
  }

private:
  bool same_with(seccomp_data call, const words_of_call& values, words_of_call::const_iterator at) {
    if (at == values.end()) return same(call);
    for (const auto value : at->second) {
      std::memcpy(reinterpret_cast<char*>(&call) + at->first, &value, sizeof value);
      if (!same_with(call, values, std::next(at))) return false;
    }
    return true;
  }
};

/// The compacted program, after every call that could tell it from the original was asked of both.
std::string compacted_alike(const std::string& original, effort how = {}) {
  std::mt19937 dice(7);
  comparison programs{original, native::compact_seccomp(original)};
  CHECK(programs.other.size() <= original.size());
  const auto code = code_of(original);
  auto words = known_words(code, how.numbers);
  for (const auto arch : words[arch_at])
    for (const auto nr : words[nr_at]) {
      seccomp_data call{};
      call.arch = arch, call.nr = static_cast<int>(nr);
      words_of_call arguments;
      std::set<std::pair<std::size_t, std::uint32_t>> seen;
      explore(code, call, 0, nr_at, seen, arguments);
      if (!programs.same(call, arguments, how.combinations, dice)) return programs.other;
    }
  CHECK(programs.calls >= 90);
  return programs.other;
}

std::string translated(const std::string& profile) {
  const auto plan = native::translate_seccomp(profile);
  INFO((plan ? std::string() : plan.error().message));
  REQUIRE(plan);
  return plan->program;
}

std::string default_profile(spec::capability_set granted) {
  return *spec::default_seccomp(granted, test::plain_host());
}

test::json small_profile(const char* otherwise, const std::string& rules) {
  auto made = test::json::parse(R"({"architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]})");
  made["defaultAction"] = otherwise;
  made["syscalls"] = test::json::parse("[" + rules + "]");
  return made;
}

const char* const many_kinds = R"(
  {"names": ["mkdir", "rmdir", "renameat2"], "action": "SCMP_ACT_ERRNO", "errnoRet": 30},
  {"names": ["ptrace", "kexec_load"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1},
  {"names": ["personality"], "action": "SCMP_ACT_TRAP", "args": [{"index": 0, "value": 8, "op": "SCMP_CMP_GT"}]},
  {"names": ["ioctl"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 1, "value": 21522, "op": "SCMP_CMP_EQ"}]},
  {"names": ["clone"], "action": "SCMP_ACT_KILL", "args":
    [{"index": 0, "value": 2114060288, "valueTwo": 268435456, "op": "SCMP_CMP_MASKED_EQ"}]},
  {"names": ["prctl"], "action": "SCMP_ACT_TRACE", "args":
    [{"index": 0, "value": 4, "op": "SCMP_CMP_EQ"}, {"index": 1, "value": 1, "op": "SCMP_CMP_NE"}]},
  {"names": ["fcntl"], "action": "SCMP_ACT_ERRNO", "args":
    [{"index": 1, "value": 2, "op": "SCMP_CMP_LT"}, {"index": 1, "value": 1030, "op": "SCMP_CMP_EQ"}]},
  {"names": ["lseek"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 1, "value": 12884901888, "op": "SCMP_CMP_GE"}]},
  {"names": ["dup3"], "action": "SCMP_ACT_KILL_PROCESS", "args": [{"index": 2, "value": 7, "op": "SCMP_CMP_LE"}]})";

/// A profile of some calls, by chance; nothing if libseccomp refuses it.
std::optional<std::string> random_profile(std::mt19937& dice) {
  static const std::array calls = {"read",    "write",  "open",   "ioctl", "clone",    "socket", "personality",
                                   "mmap",    "getcwd", "execve", "futex", "fcntl",    "lseek",  "tkill",
                                   "openat2", "rseq",   "setns",  "bpf",   "io_submit"};
  static const std::array actions = {"SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_LOG", "SCMP_ACT_KILL_PROCESS"};
  static const std::array ops = {"SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE",       "SCMP_CMP_EQ",
                                 "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ"};
  const auto any = [&](const auto& of) { return of[dice() % of.size()]; };
  auto made = small_profile(any(actions), "");
  while (made["architectures"].size() > 1 && dice() % 2 == 0) made["architectures"].erase(1);
  for (auto rules = dice() % 12; rules > 0; --rules) {
    test::json rule = {{"names", {any(calls), any(calls)}}, {"action", any(actions)}, {"errnoRet", dice() % 3}};
    const auto conditions = dice() % 3;
    for (std::uint32_t index = 0; index < conditions; ++index) {
      const auto value = std::uint64_t{dice() % 5} << (dice() % 2 == 0 ? 0 : 32 * (dice() % 2) + dice() % 30);
      rule["args"].push_back({{"index", index * 2}, {"value", value}, {"valueTwo", dice() % 4}, {"op", any(ops)}});
    }
    made["syscalls"].push_back(std::move(rule));
  }
  const auto plan = native::translate_seccomp(made.dump());
  return plan ? std::optional(plan->program) : std::nullopt;
}

/// Loads, masks, comparisons and jumps in any order that the kernel would take; constants that meet often.
code_list random_code(std::mt19937& dice, std::size_t length) {
  static const std::array<std::uint32_t, 5> words = {nr_at, arch_at, 16, 20, 24};
  static const std::array<std::uint32_t, 9> values = {0, 1, 2, 3, 5, 1000, 0x40000000, 0x40000002, AUDIT_ARCH_X86_64};
  static const std::array ways = {BPF_JEQ, BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET};
  code_list code;
  std::uint32_t word = nr_at; // as long as nobody jumps past a load; else the pass may leave the program as it is
  while (code.size() + 2 < length) {
    const auto left = std::min<std::size_t>(length - code.size() - 2, dice() % 8 == 0 ? 256 : 8);
    const auto value = values[dice() % values.size()];
    switch (dice() % 6) {
    case 0:
    case 1:
      word = words[dice() % words.size()];
      code.push_back(word_at(word));
      if (word >= 16 && dice() % 3 == 0) code.push_back(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, value + 1));
      break;
    case 2:
      code.push_back(ends_with(SECCOMP_RET_ERRNO | dice() % 4));
      break;
    default:
      const auto how = ways[dice() % (word >= 16 ? 5 : 4)];
      code.push_back(jump_if(how, value, static_cast<unsigned>(dice() % left), left > 1 ? dice() % 2 : 0));
    }
  }
  while (code.size() < length) code.push_back(ends_with(SECCOMP_RET_ALLOW));
  return code;
}

/// Whether the kernel takes a program, asked in a process that ends: that needs an answer before the program's.
bool kernel_takes(const std::string& program) {
  auto code = code_of(bytes_of({ends_with(SECCOMP_RET_ALLOW)}) + program);
  const sock_fprog loaded{static_cast<unsigned short>(code.size()), code.data()};
  const auto child = ::fork();
  if (child == 0) {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) ::_exit(1);
    ::_exit(::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &loaded) == 0 ? 0 : errno);
  }
  int status = -1;
  return ::waitpid(child, &status, 0) == child && status == 0;
}

} // namespace

TEST_CASE("a compacted filter answers as the default profile's does, in a third of its instructions", "[native]") {
  constexpr auto bit = [](int number) { return spec::capability_set{1} << number; };
  const auto usual = spec::default_capabilities();
  for (const auto set :
       {usual, usual | bit(21), usual | bit(19) | bit(16), usual & ~bit(18), ~spec::capability_set{0}}) {
    const auto original = translated(default_profile(set));
    const auto compacted = compacted_alike(original);
    CAPTURE(original.size() / sizeof(sock_filter), compacted.size() / sizeof(sock_filter));
    CHECK(compacted.size() * 3 <= original.size());
    CHECK(kernel_takes(compacted));
    CHECK(native::compile_seccomp(default_profile(set))->program == compacted);
    CHECK(native::compact_seccomp(compacted).size() <= compacted.size());
  }
}

TEST_CASE("a compacted filter answers as small profiles' do", "[native]") {
  for (const auto* otherwise : {"SCMP_ACT_ALLOW", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_LOG"}) {
    auto profile = small_profile(otherwise, many_kinds);
    if (profile["defaultAction"] == "SCMP_ACT_KILL_PROCESS") profile["syscalls"].erase(8);
    CHECK(kernel_takes(compacted_alike(translated(profile.dump()))));
    profile["architectures"] = test::json::parse(R"(["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"])");
    compacted_alike(translated(profile.dump()));
    compacted_alike(translated(small_profile(otherwise, "").dump()));
  }
}

TEST_CASE("a compacted filter answers as random profiles' do", "[native]") {
  std::mt19937 dice(20240611);
  int made = 0;
  while (made < 60)
    if (const auto profile = random_profile(dice)) ++made, compacted_alike(*profile, {600, 100});
}

TEST_CASE("a compacted filter answers as random programs do", "[native]") {
  std::mt19937 dice(4711);
  std::size_t before = 0, after = 0;
  for (std::size_t length = 3; length < 200; ++length) {
    const auto original = bytes_of(random_code(dice, length));
    before += original.size();
    after += compacted_alike(original, {8, 10}).size();
  }
  CHECK(after < before);
}

TEST_CASE("a compacted filter jumps as far as it must", "[native]") {
  // An answer for each number, and another for each that ends a list of arguments: nothing to share.
  code_list code = {word_at(nr_at)};
  for (std::uint32_t number = 0; number < 300; ++number) {
    code.push_back(jump_if(BPF_JEQ, number * 2, 0, 1));
    code.push_back(ends_with(SECCOMP_RET_ERRNO | number));
  }
  code.push_back(word_at(16));
  for (std::uint32_t value = 0; value < 270; ++value) {
    code.push_back(jump_if(BPF_JEQ, value, 0, 1));
    code.push_back(ends_with(SECCOMP_RET_ERRNO | value % 3));
  }
  code.push_back(ends_with(SECCOMP_RET_ALLOW));
  CHECK(kernel_takes(compacted_alike(bytes_of(code), {8, 20})));
}

TEST_CASE("a compacted filter keeps what x32 does apart", "[native]") {
  // Below the bit an argument alone decides; with it some numbers do, and the same argument between them.
  code_list code = {word_at(nr_at), jump_if(BPF_JGE, 0x40000000, 0, 40)};
  for (std::uint32_t number = 0; number < 20; ++number) {
    code.push_back(jump_if(BPF_JEQ, 0x40000001 + number * 3, 0, 1));
    code.push_back(ends_with(SECCOMP_RET_ERRNO | number % 4));
  }
  code.insert(code.end(), {word_at(16), jump_if(BPF_JEQ, 7, 0, 1), ends_with(1), ends_with(SECCOMP_RET_ALLOW)});
  compacted_alike(bytes_of(code));
}

TEST_CASE("a filter with anything unknown stays as it is", "[native]") {
  const auto known = code_of(translated(default_profile(spec::default_capabilities())));
  const auto stays = [&](const code_list& before) {
    auto code = before;
    code.insert(code.end(), known.begin(), known.end());
    return native::compact_seccomp(bytes_of(code)) == bytes_of(code);
  };
  CHECK_FALSE(stays({}));
  CHECK(stays({BPF_STMT(BPF_ST, 0)}));
  CHECK(stays({BPF_STMT(BPF_MISC | BPF_TAX, 0)}));
  CHECK(stays({BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0)}));
  CHECK(stays({word_at(nr_at), BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, 1)}));
  CHECK(stays({word_at(nr_at), BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 1)}));
  CHECK(stays({word_at(nr_at), jump_if(BPF_JSET, 1, 0, 0)}));
  CHECK(stays({word_at(sizeof(seccomp_data))}));
  CHECK(stays({word_at(2)}));
  CHECK(stays({BPF_STMT(BPF_JMP | BPF_JA, 1'000'000)}));
  CHECK(stays({BPF_STMT(BPF_JMP | BPF_JA, ~0U)}));
  for (const auto& text : {std::string(), std::string("seven"), bytes_of({word_at(nr_at)})})
    CHECK(native::compact_seccomp(text) == text);
}

TEST_CASE("a malformed filter has no answer", "[native]") {
  const auto answer = [](const code_list& code) { return native::seccomp_answer(bytes_of(code), seccomp_data{}); };
  CHECK(answer({ends_with(SECCOMP_RET_ALLOW)}) == SECCOMP_RET_ALLOW);
  for (const auto& code : {code_list{}, code_list{word_at(nr_at)}, code_list{word_at(62), ends_with(0)},
                           code_list{word_at(~0U), ends_with(0)}, code_list{BPF_STMT(BPF_JMP | BPF_JA, ~0U)},
                           code_list{jump_if(BPF_JEQ, 0, 255, 0), ends_with(0)},
                           code_list{BPF_STMT(BPF_MISC | BPF_TXA, 0), ends_with(0)}}) {
    const auto made = answer(code);
    REQUIRE_FALSE(made);
    CHECK(made.error().code == errc::invalid_argument);
  }
  CHECK_FALSE(native::seccomp_answer("seven", seccomp_data{}));
}
