#include "runtime/native/device_policy.hpp"

#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "runtime/sys/unique_fd.hpp"

namespace gantry::native {
namespace {

unsigned access_bits(const std::string& letters) {
  unsigned bits = 0;
  if (letters.find('m') != std::string::npos) bits |= BPF_DEVCG_ACC_MKNOD;
  if (letters.find('r') != std::string::npos) bits |= BPF_DEVCG_ACC_READ;
  if (letters.find('w') != std::string::npos) bits |= BPF_DEVCG_ACC_WRITE;
  return bits;
}

std::string access_letters(unsigned bits) {
  std::string letters;
  if ((bits & BPF_DEVCG_ACC_READ) != 0) letters.push_back('r');
  if ((bits & BPF_DEVCG_ACC_WRITE) != 0) letters.push_back('w');
  if ((bits & BPF_DEVCG_ACC_MKNOD) != 0) letters.push_back('m');
  return letters;
}

void apply(device_policy& policy, const device_rule& rule) {
  if (rule.type == 'a') { // stands for all devices and every access, whatever else the rule says
    policy.allow_all = rule.allow;
    policy.exceptions.clear();
    return;
  }
  const auto bits = access_bits(rule.access);
  const auto same = [&](const device_policy::exception& one) {
    return one.type == rule.type && one.major == rule.major && one.minor == rule.minor;
  };
  const auto found = std::find_if(policy.exceptions.begin(), policy.exceptions.end(), same);
  if (rule.allow != policy.allow_all) {
    if (found != policy.exceptions.end())
      found->access |= bits;
    else
      policy.exceptions.push_back({rule.type, rule.major, rule.minor, bits});
  } else if (found != policy.exceptions.end()) {
    found->access &= ~bits;
    if (found->access == 0) policy.exceptions.erase(found);
  }
}

std::string number_or_all(std::int64_t value) { return value < 0 ? "*" : std::to_string(value); }

// eBPF instructions (bpf(2), Linux bpf/instruction-set.rst), as far as the program needs them.
bpf_insn instruction(int code, unsigned to, unsigned from, int offset, int value) {
  bpf_insn one{};
  one.code = static_cast<__u8>(code);
  one.dst_reg = static_cast<__u8>(to & 0xfU);
  one.src_reg = static_cast<__u8>(from & 0xfU);
  one.off = static_cast<__s16>(offset);
  one.imm = value;
  return one;
}
bpf_insn load(unsigned to, int offset) { return instruction(BPF_LDX | BPF_W | BPF_MEM, to, 1, offset, 0); }
bpf_insn move(unsigned to, unsigned from) { return instruction(BPF_ALU | 0xb0 /* BPF_MOV */ | BPF_X, to, from, 0, 0); }
bpf_insn put(unsigned to, int value) { return instruction(BPF_ALU64 | 0xb0 | BPF_K, to, 0, 0, value); }
bpf_insn mask(unsigned to, int value) { return instruction(BPF_ALU | BPF_AND | BPF_K, to, 0, 0, value); }
bpf_insn shift_right(unsigned to, int by) { return instruction(BPF_ALU | BPF_RSH | BPF_K, to, 0, 0, by); }
bpf_insn leave() { return instruction(BPF_JMP | 0x90 /* BPF_EXIT */, 0, 0, 0, 0); }
/// Jumps `over` instructions unless the register has the value.
bpf_insn skip_unless(unsigned reg, int value, std::size_t over) {
  return instruction(BPF_JMP | 0x50 /* BPF_JNE */ | BPF_K, reg, 0, static_cast<int>(over), value);
}

constexpr unsigned type_register = 2, access_register = 3, major_register = 4, minor_register = 5, scratch = 6;

/// One exception: falls through to the next unless all of it matches.
void add_exception(std::vector<bpf_insn>& code, const device_policy::exception& one, bool allow_all) {
  std::vector<bpf_insn> tests; // their jumps are filled in below
  tests.push_back(skip_unless(type_register, one.type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR, 0));
  tests.push_back(move(scratch, access_register));
  // An allowance must cover all that is asked; a refusal catches any part of it.
  tests.push_back(mask(scratch, static_cast<int>(allow_all ? one.access : ~one.access & 7U)));
  if (allow_all)
    tests.push_back(instruction(BPF_JMP | BPF_JEQ | BPF_K, scratch, 0, 0, 0));
  else
    tests.push_back(skip_unless(scratch, 0, 0));
  if (one.major >= 0) tests.push_back(skip_unless(major_register, static_cast<int>(one.major), 0));
  if (one.minor >= 0) tests.push_back(skip_unless(minor_register, static_cast<int>(one.minor), 0));
  const auto end = tests.size() + 2;
  for (std::size_t at = 0; at < tests.size(); ++at)
    if ((tests[at].code & 7) == BPF_JMP) tests[at].off = static_cast<__s16>(end - at - 1);
  code.insert(code.end(), tests.begin(), tests.end());
  code.push_back(put(0, allow_all ? 0 : 1));
  code.push_back(leave());
}

} // namespace

device_policy policy_of(const std::vector<device_rule>& rules) {
  device_policy policy;
  for (const auto& rule : rules) apply(policy, rule);
  constexpr std::array<std::array<int, 2>, 8> usual = {
      {{1, 3}, {1, 5}, {1, 7}, {1, 8}, {1, 9}, {5, 0}, {5, 2}, {136, -1}}};
  apply(policy, {true, 'c', -1, -1, "m"});
  apply(policy, {true, 'b', -1, -1, "m"});
  for (const auto& [major, minor] : usual) apply(policy, {true, 'c', major, minor, "rwm"});
  return policy;
}

std::vector<key_value> v1_device_lines(const device_policy& policy) {
  std::vector<key_value> lines;
  if (!policy.allow_all) lines.push_back({"devices.deny", "a"});
  for (const auto& one : policy.exceptions)
    lines.push_back({policy.allow_all ? "devices.deny" : "devices.allow",
                     std::string(1, one.type) + " " + number_or_all(one.major) + ":" + number_or_all(one.minor) + " " +
                         access_letters(one.access)});
  return lines;
}

std::string device_program(const device_policy& policy) {
  // struct bpf_cgroup_dev_ctx: access << 16 | type, major, minor
  std::vector<bpf_insn> code = {load(type_register, 0),      move(access_register, type_register),
                                mask(type_register, 0xffff), shift_right(access_register, 16),
                                load(major_register, 4),     load(minor_register, 8)};
  for (const auto& one : policy.exceptions) add_exception(code, one, policy.allow_all);
  code.push_back(put(0, policy.allow_all ? 1 : 0));
  code.push_back(leave());
  return {reinterpret_cast<const char*>(code.data()), code.size() * sizeof(bpf_insn)};
}

result<void> attach_device_policy(int folder, const device_policy& policy) {
  if (policy.allow_all && policy.exceptions.empty()) return {};
  const auto program = device_program(policy);
  static const char license[] = "Apache"; // the program calls no helper that asks for the GPL
  bpf_attr load_request{};
  load_request.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  load_request.insns = reinterpret_cast<std::uintptr_t>(program.data());
  load_request.insn_cnt = static_cast<__u32>(program.size() / sizeof(bpf_insn));
  load_request.license = reinterpret_cast<std::uintptr_t>(license);
  const sys::unique_fd loaded(static_cast<int>(::syscall(SYS_bpf, BPF_PROG_LOAD, &load_request, sizeof load_request)));
  if (!loaded) return fail_errno(errno, "load the device program");
  bpf_attr attach{};
  attach.target_fd = static_cast<__u32>(folder);
  attach.attach_bpf_fd = static_cast<__u32>(loaded.get());
  attach.attach_type = BPF_CGROUP_DEVICE;
  attach.attach_flags = BPF_F_ALLOW_MULTI;
  if (::syscall(SYS_bpf, BPF_PROG_ATTACH, &attach, sizeof attach) != 0)
    return fail_errno(errno, "attach the device program");
  return {};
}

} // namespace gantry::native
