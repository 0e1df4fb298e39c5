// SPDX-License-Identifier: GPL-2.0-or-later
// The order of steps, the one catch and the one exit.
#include <algorithm>
#include <iostream>

#include "kernel.h"
#include "loadshare/error.h"
#include "namespace_lock.h"
#include "network_namespace.h"
#include "options.h"

namespace loadshare {
namespace {

std::string bucket_in_words(const Request& request) {
  return "bucket " + std::to_string(request.bucket) + " of " + to_string(request.address);
}

FileLock lock_address(const Invocation& call, LockMode mode) {
  return lock_in_namespace(to_string(call.request.address), mode, call.lock_wait);
}

void enter_namespace(const Invocation& call) {
  if (call.request.network_namespace) enter_network_namespace(*call.request.network_namespace);
}

void apply(const Invocation& call, Kernel& kernel, const Plan& plan) {
  if (call.dry_run) {
    for (const auto& step : plan) std::cout << describe(step) << "\n";
    return;
  }
  kernel.apply(plan, [&](const std::string& step) {
    if (call.verbose) std::cerr << step << "\n";
  });
}

void start(const Invocation& call) {
  const auto& request = call.request;
  enter_namespace(call);
  const auto lock = lock_address(call, LockMode::exclusive);
  Kernel kernel(call.request, call.lock_wait);
  const auto observed = kernel.observe(request);
  kernel.check(request, observed);
  const auto plan = plan_start(request, observed);
  if (!call.dry_run) kernel.prepare();
  apply(call, kernel, plan);
  if (call.dry_run) return;
  const auto verdict = judge(request, kernel.observe(request));
  if (verdict.code != ExitCode::success) {
    throw Error(ExitCode::generic_error, "started, but " + verdict.reason);
  }
  std::cout << bucket_in_words(request) << (plan.empty() ? " was already held" : " taken") << "\n";
}

void stop(const Invocation& call) {
  try {
    enter_namespace(call);
  } catch (const Error& error) {
    // Where the namespace is gone, so is everything that was in it.
    if (error.code() == ExitCode::not_installed) return;
    throw;
  }
  const auto lock = lock_address(call, LockMode::exclusive);
  Kernel kernel(call.request, call.lock_wait);
  const auto plan = plan_stop(call.request, kernel.observe(call.request));
  apply(call, kernel, plan);
  if (call.dry_run) return;
  std::cout << bucket_in_words(call.request) << (plan.empty() ? " was not held" : " released")
            << "\n";
}

void monitor(const Invocation& call) {
  try {
    enter_namespace(call);
  } catch (const Error& error) {
    if (error.code() != ExitCode::not_installed) throw;
    throw Error(ExitCode::not_running, error.what());
  }
  const auto lock = lock_address(call, LockMode::shared);
  Kernel kernel(call.request, call.lock_wait);
  const auto verdict = judge(call.request, kernel.observe(call.request));
  if (verdict.code != ExitCode::success) throw Error(verdict.code, verdict.reason);
}

void validate(const Invocation& call) {
  enter_namespace(call);
  Kernel kernel(call.request, call.lock_wait);
  const auto observed = kernel.observe(call.request);
  kernel.check(call.request, observed);
  plan_start(call.request, observed);
}

const std::vector<Command> commands = {
    {"start", "own the bucket and answer for the address", false, start},
    {"stop", "give the bucket up, and the address with the last one", true, stop},
    {"monitor", "is the bucket owned and served?", false, monitor},
    {"validate", "could it be started here?", false, validate},
};

void run(const std::vector<std::string>& words) {
  const auto name = words.empty() ? "" : words.front();
  if (name == "help" || name == "--help" || name == "-h") {
    std::cout << usage(commands);
    return;
  }
  const auto command = std::find_if(commands.begin(), commands.end(),
                                    [&](const Command& row) { return name == row.name; });
  if (command == commands.end()) {
    throw Error(ExitCode::unimplemented, "no such command: try loadshare --help");
  }
  command->run(parse_options(*command, {words.begin() + 1, words.end()}));
}

}  // namespace
}  // namespace loadshare

int main(int argc, char** argv) {
  using loadshare::ExitCode;
  ExitCode code = ExitCode::success;
  try {
    loadshare::run({argv + 1, argv + argc});
  } catch (const loadshare::Error& error) {
    std::cerr << error.what() << "\n";
    code = error.code();
  } catch (const std::exception& error) {
    std::cerr << "unexpected: " << error.what() << "\n";
    code = ExitCode::generic_error;
  }
  return static_cast<int>(code);
}
