/*
 * Runs models on recorded inputs and compares all outputs: bytes with bytes, and float32, whose recordings have another order of
 * summation, within a bound on the probabilities that they are.
 *
 *   goldens THREADS MODEL INPUT.npy OUTPUT.npy [MODEL INPUT.npy OUTPUT.npy]...
 */
#include "check.h"
#include "tensorflow/lite/c/c_api.h"

/* Far above what sums in another order differ by in these networks, and far below what a wrong element makes. */
static const float bound = 1e-4F;

static int agree(const TfLiteTensor* tensor, const unsigned char* got, const unsigned char* golden, size_t size) {
  size_t at;
  if (TfLiteTensorType(tensor) != kTfLiteFloat32) {
    return memcmp(got, golden, size) == 0;
  }
  for (at = 0; at + sizeof(float) <= size; at += sizeof(float)) {
    float here, recorded;
    memcpy(&here, got + at, sizeof here);
    memcpy(&recorded, golden + at, sizeof recorded);
    if (!(here - recorded <= bound && recorded - here <= bound)) {
      return 0;
    }
  }
  return 1;
}

static void run(int threads, const char* model_path, const char* input_path, const char* output_path) {
  size_t input_size, output_size, input_bytes, output_bytes;
  unsigned char* input_file = read_file(input_path, &input_size);
  unsigned char* output_file = read_file(output_path, &output_size);
  const unsigned char* input = elements(input_file, input_size, &input_bytes);
  const unsigned char* golden = elements(output_file, output_size, &output_bytes);

  TfLiteModel* model = TfLiteModelCreateFromFile(model_path);
  TfLiteInterpreterOptions* options = TfLiteInterpreterOptionsCreate();
  TfLiteInterpreterOptionsSetNumThreads(options, threads);
  TfLiteInterpreter* interpreter = TfLiteInterpreterCreate(model, options);
  TfLiteInterpreterOptionsDelete(options);
  TfLiteModelDelete(model);
  CHECK(TfLiteInterpreterAllocateTensors(interpreter) == kTfLiteOk);

  TfLiteTensor* in = TfLiteInterpreterGetInputTensor(interpreter, 0);
  const TfLiteTensor* out = TfLiteInterpreterGetOutputTensor(interpreter, 0);
  CHECK(TfLiteTensorByteSize(out) == output_bytes);
  CHECK((size_t)TfLiteTensorData(in) % 64 == 0 && (size_t)TfLiteTensorData(out) % 64 == 0);
  int round;
  for (round = 0; round < 2; ++round) {
    unsigned char* got = malloc(output_bytes);
    CHECK(TfLiteTensorCopyFromBuffer(in, input, input_bytes) == kTfLiteOk);
    CHECK(TfLiteInterpreterInvoke(interpreter) == kTfLiteOk);
    CHECK(TfLiteTensorCopyToBuffer(out, got, output_bytes) == kTfLiteOk);
    CHECK(agree(out, got, golden, output_bytes));
    free(got);
  }
  TfLiteInterpreterDelete(interpreter);
  free(input_file);
  free(output_file);
}

int main(int count, char** arguments) {
  int index;
  for (index = 2; index + 2 < count; index += 3) {
    run(atoi(arguments[1]), arguments[index], arguments[index + 1], arguments[index + 2]);
  }
  return checks == 0 ? 2 : finish("goldens");
}
