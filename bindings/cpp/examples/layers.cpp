// Runs a network twice and prints where the second run's time went.
//
//     layers MODEL [THREADS]
#include <cstdlib>
#include <exception>
#include <iomanip>
#include <iostream>

#include "ottava.hpp"

namespace {

double microseconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::micro>(time).count();
}

void print_layers(const ottava::Session& session) {
  std::cout << std::left << std::setw(28) << "layer" << std::setw(44) << "kernel" << std::right << std::setw(12) << "MACs"
            << std::setw(12) << "us" << std::setw(8) << "%" << '\n'
            << std::fixed;
  for (const ottava::Layer& layer : session.layers()) {
    const double share = 100.0 * microseconds(layer.time) / microseconds(session.time());
    std::cout << std::left << std::setw(28) << layer.name << std::setw(44) << layer.kernel << std::right << std::setw(12)
              << layer.macs << std::setw(12) << std::setprecision(1) << microseconds(layer.time) << std::setw(8) << share
              << '\n';
  }
  std::cout << "all: " << microseconds(session.time()) << " us\n";
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) {
    std::cerr << "usage: layers MODEL [THREADS]\n";
    return 2;
  }
  try {
    ottava::Options options;
    options.threads = count > 2 ? std::atoi(arguments[2]) : 1;
    const ottava::Plan plan{ottava::Model(std::string(arguments[1])), options};
    ottava::Session session(plan);
    session.run();
    session.run();
    print_layers(session);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << '\n';
    return 1;
  }
}
