// SPDX-License-Identifier: GPL-2.0-or-later
// Writes what users read from the tables of commands and options, so that nothing is told twice:
//   from_tables manual <loadshare.8.in >loadshare.8
//   from_tables completion >loadshare
#include <iostream>
#include <iterator>
#include <string>

#include "completion.h"
#include "manual.h"

int main(int argc, char** argv) {
  const std::string what = argc == 2 ? argv[1] : "";
  using Bytes = std::istreambuf_iterator<char>;
  if (what == "completion") {
    std::cout << loadshare::packaging::completion();
  } else if (what == "manual") {
    std::cout << loadshare::packaging::manual({Bytes(std::cin), Bytes()});
  } else {
    std::cerr << "usage: from_tables manual|completion\n";
    return 2;
  }
  return std::cout.flush() ? 0 : 1;
}
