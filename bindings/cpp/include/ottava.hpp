// Ottava for C++17: models, plans, sessions. Link with libottava.so or libottava.a; nothing here needs more than ottava.h.
//
//     ottava::Model model("net.tflite");
//     ottava::Plan plan(model);
//     ottava::Session session(plan);
//     ottava::Span<std::uint8_t> pixels = session.input<std::uint8_t>(0);
//     std::fill(pixels.begin(), pixels.end(), std::uint8_t{128});
//     session.run();
//     ottava::Span<const float> scores = session.output<float>(0);
//
// A plan and its packed weights may be shared by sessions on any threads; a session is for one thread at a time. Everything can be
// moved, and objects may be destroyed in any order. What fails throws ottava::Error.
#ifndef OTTAVA_HPP_
#define OTTAVA_HPP_

#include <chrono>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "ottava.h"

namespace ottava {

/// What went wrong, in one line for people, and the status of the C API.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& text, TfLiteStatus status = kTfLiteError)
      : std::runtime_error(text), status_(status) {}

  TfLiteStatus status() const noexcept { return status_; }

  /// Whether a run was ended by a Cancel.
  bool cancelled() const noexcept { return status_ == kTfLiteCancelled; }

 private:
  TfLiteStatus status_;
};

/// Elements that somebody else has.
template <typename T>
class Span {
 public:
  constexpr Span() noexcept = default;
  constexpr Span(T* data, std::size_t size) noexcept : data_(data), size_(size) {}
  template <typename Container, typename = decltype(std::declval<Container&>().data())>
  constexpr Span(Container& container) noexcept : data_(container.data()), size_(container.size()) {}

  constexpr T* data() const noexcept { return data_; }
  constexpr std::size_t size() const noexcept { return size_; }
  constexpr bool empty() const noexcept { return size_ == 0; }
  constexpr T* begin() const noexcept { return data_; }
  constexpr T* end() const noexcept { return data_ + size_; }
  constexpr T& operator[](std::size_t index) const noexcept { return data_[index]; }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

namespace detail {

// Functions report on the thread that calls them.
inline std::string& reported() {
  thread_local std::string text;
  return text;
}

inline void report(void*, const char* format, va_list arguments) {
  char text[1024];
  if (std::vsnprintf(text, sizeof text, format, arguments) >= 0) {
    reported() = text;
  }
}

/// Throws what was reported, or else what could not be done.
[[noreturn]] inline void fail(const char* what, TfLiteStatus status = kTfLiteError) {
  std::string text = std::move(reported());
  reported().clear();
  throw Error(text.empty() ? std::string(what) + " failed" : text, status);
}

inline void check(TfLiteStatus status, const char* what) {
  if (status != kTfLiteOk) {
    fail(what, status);
  }
}

template <typename T, void (*Delete)(T*)>
struct Deleter {
  void operator()(T* handle) const noexcept { Delete(handle); }
};

template <typename T, void (*Delete)(T*)>
using Handle = std::unique_ptr<T, Deleter<T, Delete>>;

template <typename T>
constexpr TfLiteType type_of() {
  using Element = std::remove_const_t<T>;
  if constexpr (std::is_same_v<Element, float>) {
    return kTfLiteFloat32;
  } else if constexpr (std::is_same_v<Element, std::uint8_t>) {
    return kTfLiteUInt8;
  } else if constexpr (std::is_same_v<Element, std::int8_t>) {
    return kTfLiteInt8;
  } else if constexpr (std::is_same_v<Element, std::int16_t>) {
    return kTfLiteInt16;
  } else if constexpr (std::is_same_v<Element, std::int32_t>) {
    return kTfLiteInt32;
  } else if constexpr (std::is_same_v<Element, std::int64_t>) {
    return kTfLiteInt64;
  } else {
    static_assert(std::is_same_v<Element, bool>, "no tensor has elements of this type");
    return kTfLiteBool;
  }
}

}  // namespace detail

/// A verified model.
class Model {
 public:
  /// Of a `.tflite` file or a packed one.
  explicit Model(const std::string& path)
      : handle_(TfLiteModelCreateFromFileWithErrorReporter(path.c_str(), detail::report, nullptr)) {
    if (!handle_) {
      detail::fail("opening a model");
    }
  }

  /// Of bytes in memory, which are copied.
  explicit Model(Span<const unsigned char> bytes)
      : handle_(TfLiteModelCreateWithErrorReporter(bytes.data(), bytes.size(), detail::report, nullptr)) {
    if (!handle_) {
      detail::fail("reading a model");
    }
  }

  /// Compares all of a packed model with its checksums.
  void check_packed() const { detail::check(OttavaModelCheckPacked(handle_.get()), "checking a packed model"); }

  const TfLiteModel* get() const noexcept { return handle_.get(); }

 private:
  detail::Handle<TfLiteModel, TfLiteModelDelete> handle_;
};

/// How to run a model.
struct Options {
  /// -1 is one for each CPU.
  std::int32_t threads = -1;
  /// Such as "avx2"; empty for the best of this CPU.
  std::string isa;
  /// A folder that keeps packed weights for the next start; empty for none.
  std::string cache;
};

/// A model with kernels and packed weights.
class Plan {
 public:
  explicit Plan(const Model& model, const Options& options = Options()) {
    detail::Handle<TfLiteInterpreterOptions, TfLiteInterpreterOptionsDelete> c_options(TfLiteInterpreterOptionsCreate());
    TfLiteInterpreterOptionsSetErrorReporter(c_options.get(), detail::report, nullptr);
    TfLiteInterpreterOptionsSetNumThreads(c_options.get(), options.threads);
    if (!options.isa.empty()) {
      detail::check(OttavaInterpreterOptionsSetIsa(c_options.get(), options.isa.c_str()), "choosing an instruction set");
    }
    if (!options.cache.empty()) {
      detail::check(OttavaInterpreterOptionsSetCache(c_options.get(), options.cache.c_str(), 0), "setting a cache");
    }
    handle_.reset(OttavaPlanCreate(model.get(), c_options.get()));
    if (!handle_) {
      detail::fail("planning a model");
    }
  }

  /// Writes a packed model.
  void save(const std::string& path) const { detail::check(OttavaPlanSave(handle_.get(), path.c_str()), "saving a plan"); }

  std::size_t threads() const noexcept { return OttavaPlanThreads(handle_.get()); }
  std::size_t packed_weight_bytes() const noexcept { return OttavaPlanPackedWeightBytes(handle_.get()); }
  std::size_t arena_bytes() const noexcept { return OttavaPlanArenaBytes(handle_.get()); }
  const OttavaPlan* get() const noexcept { return handle_.get(); }

 private:
  detail::Handle<OttavaPlan, OttavaPlanDelete> handle_;
};

/// Ends runs before they are done: from another thread, from a signal handler, or after a time.
class Cancel {
 public:
  Cancel() : handle_(OttavaCancelCreate()) {}

  /// Ends runs that are not done so long from now.
  explicit Cancel(std::chrono::nanoseconds timeout)
      : handle_(OttavaCancelCreateWithTimeout(timeout.count() < 0 ? 0 : static_cast<std::uint64_t>(timeout.count()))) {}

  void cancel() const noexcept { OttavaCancelCancel(handle_.get()); }
  const OttavaCancel* get() const noexcept { return handle_.get(); }

 private:
  detail::Handle<OttavaCancel, OttavaCancelDelete> handle_;
};

/// An input or output: real = scale * (stored - zero_point), where the scale is not 0.
struct TensorInfo {
  std::string name;
  TfLiteType type;
  std::vector<int> shape;
  float scale;
  std::int32_t zero_point;
};

/// A layer of the last run.
struct Layer {
  std::string name;
  std::string kernel;
  std::string isa;
  std::uint64_t macs;
  std::chrono::nanoseconds time;
  /// Summed over the threads.
  std::chrono::nanoseconds busy;
};

/// One inference at a time: inputs, outputs and all between.
class Session {
 public:
  explicit Session(const Plan& plan) : handle_(OttavaPlanCreateInterpreter(plan.get())) {
    if (!handle_) {
      detail::fail("starting a session");
    }
    allocate();
  }

  std::size_t input_count() const noexcept { return count(TfLiteInterpreterGetInputTensorCount(handle_.get())); }
  std::size_t output_count() const noexcept { return count(TfLiteInterpreterGetOutputTensorCount(handle_.get())); }
  TensorInfo input_info(std::size_t index) const { return info(input_tensor(index)); }
  TensorInfo output_info(std::size_t index) const { return info(output_tensor(index)); }

  /// The elements of an input, to be filled; they stay from run to run. Until the input is resized.
  template <typename T>
  Span<T> input(std::size_t index) {
    return elements<T>(input_tensor(index));
  }

  /// The elements of an output of the last run. Until an input is resized.
  template <typename T>
  Span<const T> output(std::size_t index) const {
    return elements<const T>(output_tensor(index));
  }

  /// Runs the network on the inputs as they are.
  void run() { detail::check(TfLiteInterpreterInvoke(handle_.get()), "a run"); }

  /// The same, which `cancel` can end: Error::cancelled() then, and outputs hold anything.
  void run(const Cancel& cancel) { detail::check(OttavaInterpreterInvokeWith(handle_.get(), cancel.get()), "a run"); }

  /// Gives an input another shape and plans anew. Where the network cannot take it, the session cannot run until it gets one that
  /// it can.
  void resize_input(std::size_t index, const std::vector<int>& shape) {
    detail::check(TfLiteInterpreterResizeInputTensor(handle_.get(), narrow(index), shape.data(), narrow(shape.size())),
                  "resizing an input");
    allocate();
  }

  /// Time of the last run.
  std::chrono::nanoseconds time() const {
    return nanoseconds(OttavaSessionProfileTotalNanoseconds(handle_.get()));
  }

  /// Where it went.
  std::vector<Layer> layers() const {
    std::vector<Layer> layers;
    const TfLiteInterpreter* it = handle_.get();
    for (std::size_t layer = 0; layer < OttavaSessionProfileLayerCount(it); ++layer) {
      layers.push_back(Layer{OttavaSessionProfileLayerName(it, layer), OttavaSessionProfileLayerKernel(it, layer),
                             OttavaSessionProfileLayerIsa(it, layer), OttavaSessionProfileLayerMacs(it, layer),
                             nanoseconds(OttavaSessionProfileLayerNanoseconds(it, layer)),
                             nanoseconds(OttavaSessionProfileLayerBusyNanoseconds(it, layer))});
    }
    return layers;
  }

  /// For functions of the C API.
  TfLiteInterpreter* get() const noexcept { return handle_.get(); }

 private:
  void allocate() { detail::check(TfLiteInterpreterAllocateTensors(handle_.get()), "planning a model"); }

  static std::size_t count(std::int32_t count) noexcept { return static_cast<std::size_t>(count); }

  static std::int32_t narrow(std::size_t index) noexcept {
    return index > INT32_MAX ? INT32_MAX : static_cast<std::int32_t>(index);
  }

  static std::chrono::nanoseconds nanoseconds(std::uint64_t value) {
    return std::chrono::nanoseconds(static_cast<std::chrono::nanoseconds::rep>(value));
  }

  const TfLiteTensor* input_tensor(std::size_t index) const {
    return found(TfLiteInterpreterGetInputTensor(handle_.get(), narrow(index)), "input", index);
  }

  const TfLiteTensor* output_tensor(std::size_t index) const {
    return found(TfLiteInterpreterGetOutputTensor(handle_.get(), narrow(index)), "output", index);
  }

  static const TfLiteTensor* found(const TfLiteTensor* tensor, const char* what, std::size_t index) {
    if (tensor == nullptr) {
      throw Error(std::string("there is no ") + what + " " + std::to_string(index));
    }
    return tensor;
  }

  static TensorInfo info(const TfLiteTensor* tensor) {
    const TfLiteQuantizationParams params = TfLiteTensorQuantizationParams(tensor);
    TensorInfo info{TfLiteTensorName(tensor), TfLiteTensorType(tensor), {}, params.scale, params.zero_point};
    for (std::int32_t index = 0; index < TfLiteTensorNumDims(tensor); ++index) {
      info.shape.push_back(TfLiteTensorDim(tensor, index));
    }
    return info;
  }

  template <typename T>
  static Span<T> elements(const TfLiteTensor* tensor) {
    if (TfLiteTensorType(tensor) != detail::type_of<T>()) {
      throw Error(std::string("tensor '") + TfLiteTensorName(tensor) + "' has elements of type " +
                  std::to_string(TfLiteTensorType(tensor)) + ", not " + std::to_string(detail::type_of<T>()));
    }
    if (TfLiteTensorData(tensor) == nullptr) {
      throw Error("the session has to be given a shape that its network can take");
    }
    return Span<T>(static_cast<T*>(TfLiteTensorData(tensor)), TfLiteTensorByteSize(tensor) / sizeof(T));
  }

  detail::Handle<TfLiteInterpreter, TfLiteInterpreterDelete> handle_;
};

}  // namespace ottava

#endif
