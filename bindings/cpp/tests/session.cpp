// What ottava.hpp promises.
//
//     session MODEL INPUT.npy OUTPUT.npy      an int8 model that can take another batch
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <thread>

#include "ottava.hpp"

namespace {

int failures = 0;

void check(bool condition, const char* what, int line) {
  if (!condition) {
    ++failures;
    std::cerr << "FAILED: line " << line << ": " << what << '\n';
  }
}

#define CHECK(condition) check((condition), #condition, __LINE__)

std::vector<unsigned char> bytes_of(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// The elements of a .npy file, behind a header of the length that it begins with.
std::vector<unsigned char> elements_of(const char* path) {
  std::vector<unsigned char> file = bytes_of(path);
  const std::size_t start = 10U + file.at(8) + 256U * file.at(9);
  return {file.begin() + static_cast<std::ptrdiff_t>(start), file.end()};
}

template <typename Act>
std::string text_of_error(Act act) {
  try {
    act();
  } catch (const ottava::Error& error) {
    return error.what();
  }
  return "";
}

void run(ottava::Session& session, const std::vector<unsigned char>& input, const std::vector<unsigned char>& golden) {
  ottava::Span<std::int8_t> in = session.input<std::int8_t>(0);
  CHECK(in.size() == input.size());
  std::memcpy(in.data(), input.data(), input.size());
  session.run();
  ottava::Span<const std::int8_t> out = session.output<std::int8_t>(0);
  CHECK(out.size() == golden.size() && std::memcmp(out.data(), golden.data(), golden.size()) == 0);
}

void errors(const char* path) {
  const std::string missing = text_of_error([] { ottava::Model("/no/50%s.tflite"); });
  CHECK(missing.find("/no/50%s.tflite") != std::string::npos);
  const unsigned char junk[64] = {};
  CHECK(!text_of_error([&] { ottava::Model(ottava::Span<const unsigned char>(junk, sizeof junk)); }).empty());
  const ottava::Model model{std::string(path)};
  ottava::Options options;
  options.isa = "no such set";
  CHECK(text_of_error([&] { ottava::Plan(model, options); }).find("no such set") != std::string::npos);
  ottava::Session session{ottava::Plan(model)};
  CHECK(!text_of_error([&] { session.input<float>(0); }).empty());
  CHECK(!text_of_error([&] { session.input<std::int8_t>(9); }).empty());
  CHECK(!text_of_error([&] { session.resize_input(0, {1, 2}); }).empty());
  CHECK(!text_of_error([&] { session.run(); }).empty());
  try {
    ottava::Session late{ottava::Plan(model)};
    late.run(ottava::Cancel(std::chrono::nanoseconds(0)));
    CHECK(false);
  } catch (const ottava::Error& error) {
    CHECK(error.cancelled());
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 4) {
    return 2;
  }
  const std::vector<unsigned char> input = elements_of(arguments[2]), golden = elements_of(arguments[3]);
  const std::vector<unsigned char> file = bytes_of(arguments[1]);
  errors(arguments[1]);

  ottava::Options options;
  options.threads = 1;
  const ottava::Plan plan{ottava::Model(ottava::Span<const unsigned char>(file)), options};
  std::vector<std::thread> threads;
  for (int index = 0; index < 2; ++index) {
    threads.emplace_back([&] {
      ottava::Session session(plan);
      run(session, input, golden);
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }

  ottava::Session session(plan);
  ottava::Session moved = std::move(session);
  run(moved, input, golden);
  const ottava::TensorInfo info = moved.input_info(0);
  CHECK(info.type == kTfLiteInt8 && info.shape.size() == 4 && info.scale > 0 && moved.output_count() == 1);
  CHECK(moved.layers().size() > 10 && moved.time().count() > 0);
  moved.resize_input(0, {2, info.shape[1], info.shape[2], info.shape[3]});
  CHECK(moved.input<std::int8_t>(0).size() == 2 * input.size() && moved.output_info(0).shape[0] == 2);
  moved.resize_input(0, info.shape);
  run(moved, input, golden);
  std::cout << "session: " << failures << " failed\n";
  return failures == 0 ? 0 : 1;
}
