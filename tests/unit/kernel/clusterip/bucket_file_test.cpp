// SPDX-License-Identifier: GPL-2.0-or-later
// The bucket file: its text, and reading and writing it where a plain file stands in for the
// kernel.
#include "kernel/clusterip/bucket_file.h"

#include <gtest/gtest.h>

#include "builders.h"
#include "temporary_folder.h"

namespace loadshare::test {
namespace {

using clusterip::BucketFile;
using clusterip::parse_buckets;
using Buckets = std::set<unsigned>;

TEST(ParseBuckets, ReadsWhatTheKernelPrints) {
  EXPECT_EQ(parse_buckets("1\n"), Buckets({1}));
  EXPECT_EQ(parse_buckets("1,3,5\n"), Buckets({1, 3, 5}));
  EXPECT_EQ(parse_buckets("1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16\n"),
            Buckets({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}));
  EXPECT_EQ(parse_buckets("\n"), Buckets{});
}

TEST(ParseBuckets, RefusesEverythingElse) {
  for (const std::string text :
       {"", "1", "1,3", ",\n", "1,\n", ",1\n", "1,,3\n", "1, 3\n", " 1\n", "1 \n", "1\n\n",
        "1\n2\n", "\n1\n", "0\n", "17\n", "1,17\n", "-1\n", "+1\n", "1;3\n", "0x1\n", "1.5\n",
        "4294967297\n", "99999999999999999999\n", "1,1\n", "3,1,3\n", "one\n", "1\r\n",
        "\xc2\xb9\n",
        // What byte-wise reads make of "1,3": the beginning again and again.
        "111111\n"}) {
    EXPECT_EQ(parse_buckets(text), std::nullopt) << "'" << text << "'";
  }
  EXPECT_EQ(parse_buckets(std::string("1\0\n", 3)), std::nullopt);
  EXPECT_EQ(parse_buckets(std::string(100'000, '1') + "\n"), std::nullopt);
}

class BucketFileTest : public testing::Test {
 protected:
  BucketFile file(const std::string& content) const {
    return BucketFile(folder_.write("10.0.0.100", content));
  }
  std::string written() const { return content_of(folder_.path() / "10.0.0.100"); }
  BucketFile missing() const { return BucketFile(folder_.path() / "10.0.0.200"); }
  // A folder can be opened, but neither read nor written.
  BucketFile broken() const { return BucketFile(folder_.path()); }

  TemporaryFolder folder_;
};

TEST_F(BucketFileTest, ReadsTheBuckets) { EXPECT_EQ(file("2,4\n").read(), Buckets({2, 4})); }

TEST_F(BucketFileTest, ReadsNothingFromAnEmptyFile) { EXPECT_EQ(file("").read(), Buckets{}); }

TEST_F(BucketFileTest, ReadsNothingWhereThereIsNoFile) {
  EXPECT_EQ(missing().read(), Buckets{});
  EXPECT_EQ(BucketFile("/nonexistent/folder/file").read(), Buckets{});
}

TEST_F(BucketFileTest, SaysWhichFileHoldsNoBuckets) {
  EXPECT_THAT(outcome_of([&] { file("rubbish\n").read(); }),
              Fails(ExitCode::generic_error, "10.0.0.100 is not a list of buckets"));
  EXPECT_THAT(outcome_of([&] { file(std::string(10'000, '1')).read(); }),
              Fails(ExitCode::generic_error, "is not a list of buckets"));
}

TEST_F(BucketFileTest, SaysWhichFileCannotBeRead) {
  EXPECT_THAT(
      outcome_of([&] { broken().read(); }),
      Fails(ExitCode::generic_error, "read " + folder_.path().string() + ": Is a directory"));
}

TEST_F(BucketFileTest, TakesABucketWithAPlus) {
  file("").take(3);
  EXPECT_EQ(written(), "+3");
}

TEST_F(BucketFileTest, ReleasesABucketWithAMinus) {
  file("").release(16);
  EXPECT_EQ(written(), "-16");
}

TEST_F(BucketFileTest, CannotTakeABucketWhereThereIsNoFile) {
  EXPECT_THAT(outcome_of([&] { missing().take(1); }),
              Fails(ExitCode::generic_error, "10.0.0.200: No such file or directory"));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "10.0.0.200"));
}

TEST_F(BucketFileTest, ReleasesABucketWhereThereIsNoFile) {
  EXPECT_EQ(outcome_of([&] { missing().release(1); }), "no error");
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "10.0.0.200"));
}

TEST_F(BucketFileTest, DoesNotCallAFailedWriteASuccess) {
  EXPECT_THAT(outcome_of([&] { broken().take(1); }), Fails(ExitCode::generic_error, "directory"));
  EXPECT_THAT(outcome_of([&] { broken().release(1); }),
              Fails(ExitCode::generic_error, "directory"));
}

}  // namespace
}  // namespace loadshare::test
