/*
 * What the API promises beyond single calls: signatures, resizing, memory of the program's, cancelling, models from memory, handles
 * that are deleted early.
 *
 *   behaviour MODEL INPUT.npy OUTPUT.npy      a model with a signature that leaves the batch open
 */
#include <pthread.h>

#include "check.h"
#include "tensorflow/lite/c/c_api.h"
#include "tensorflow/lite/c/c_api_experimental.h"

/* A model with an input and the output that belongs to it. */
typedef struct Case {
  const char* path;
  const unsigned char *input, *golden;
  size_t input_bytes, golden_bytes;
} Case;

static TfLiteInterpreter* interpreter_of(const Case* it, bool cancellable) {
  TfLiteModel* model = TfLiteModelCreateFromFile(it->path);
  TfLiteInterpreterOptions* options = TfLiteInterpreterOptionsCreate();
  TfLiteInterpreterOptionsSetNumThreads(options, 1);
  CHECK(TfLiteInterpreterOptionsEnableCancellation(options, cancellable) == kTfLiteOk);
  TfLiteInterpreter* interpreter = TfLiteInterpreterCreate(model, options);
  TfLiteInterpreterOptionsDelete(options);
  TfLiteModelDelete(model);
  CHECK(interpreter != NULL);
  return interpreter;
}

static void signatures(const Case* it) {
  TfLiteInterpreter* interpreter = interpreter_of(it, false);
  CHECK(TfLiteInterpreterGetSignatureCount(interpreter) == 1);
  CHECK(strcmp(TfLiteInterpreterGetSignatureKey(interpreter, 0), "serving_default") == 0);
  TfLiteSignatureRunner* runner = TfLiteInterpreterGetSignatureRunner(interpreter, "serving_default");
  CHECK(TfLiteSignatureRunnerGetInputCount(runner) == 1 && TfLiteSignatureRunnerGetOutputCount(runner) == 1);
  CHECK(TfLiteSignatureRunnerGetInputName(runner, 1) == NULL && TfLiteSignatureRunnerGetInputName(runner, -1) == NULL);
  CHECK(TfLiteSignatureRunnerGetOutputName(runner, 1) == NULL);
  const char* in_name = TfLiteSignatureRunnerGetInputName(runner, 0);
  const char* out_name = TfLiteSignatureRunnerGetOutputName(runner, 0);
  TfLiteTensor* input = TfLiteSignatureRunnerGetInputTensor(runner, in_name);
  const TfLiteTensor* output = TfLiteSignatureRunnerGetOutputTensor(runner, out_name);
  CHECK(input == TfLiteInterpreterGetInputTensor(interpreter, 0));
  CHECK(output == TfLiteInterpreterGetOutputTensor(interpreter, 0));
  CHECK(TfLiteSignatureRunnerGetInputTensor(runner, "no such name") == NULL);
  CHECK(TfLiteSignatureRunnerGetOutputTensor(runner, NULL) == NULL);
  CHECK(TfLiteSignatureRunnerInvoke(runner) == kTfLiteError);
  CHECK(TfLiteSignatureRunnerCancel(runner) == kTfLiteError);

  /* Only the batch is open. */
  int dims[] = {1, TfLiteTensorDim(input, 1), TfLiteTensorDim(input, 2), TfLiteTensorDim(input, 3)};
  CHECK(input->dims_signature->data[0] == -1 && input->dims_signature->data[1] == dims[1]);
  dims[1] += 1;
  CHECK(TfLiteSignatureRunnerResizeInputTensor(runner, in_name, dims, 4) == kTfLiteError);
  CHECK(TfLiteSignatureRunnerResizeInputTensor(runner, in_name, dims, 3) == kTfLiteError);
  CHECK(TfLiteSignatureRunnerResizeInputTensor(runner, "no such name", dims, 4) == kTfLiteError);
  dims[1] -= 1;
  dims[0] = 2;
  CHECK(TfLiteSignatureRunnerResizeInputTensor(runner, in_name, dims, 4) == kTfLiteOk);
  CHECK(TfLiteSignatureRunnerAllocateTensors(runner) == kTfLiteOk);
  CHECK(TfLiteTensorByteSize(input) == 2 * it->input_bytes && TfLiteTensorDim(output, 0) == 2);
  memcpy(TfLiteTensorData(input), it->input, it->input_bytes);
  memcpy((char*)TfLiteTensorData(input) + it->input_bytes, it->input, it->input_bytes);
  CHECK(TfLiteSignatureRunnerInvoke(runner) == kTfLiteOk);
  CHECK(memcmp(TfLiteTensorData(output), it->golden, it->golden_bytes) == 0);
  CHECK(memcmp((char*)TfLiteTensorData(output) + it->golden_bytes, it->golden, it->golden_bytes) == 0);
  /* The runner goes on without the interpreter's handle. */
  TfLiteInterpreterDelete(interpreter);
  CHECK(TfLiteSignatureRunnerInvoke(runner) == kTfLiteOk);
  TfLiteSignatureRunnerDelete(runner);
}

static void custom_memory(const Case* it) {
  TfLiteInterpreter* interpreter = interpreter_of(it, false);
  int input = TfLiteInterpreterGetInputTensorIndex(interpreter, 0);
  int output = TfLiteInterpreterGetOutputTensorIndex(interpreter, 0);
  /* Exactly as long as the tensors, so that memory checkers see the first byte beyond. */
  char* lent_input = malloc(it->input_bytes);
  char* lent_output = malloc(it->golden_bytes);
  TfLiteCustomAllocation in = {lent_input, it->input_bytes - 1}, out = {lent_output, it->golden_bytes};
  memcpy(lent_input, it->input, it->input_bytes);

  CHECK(TfLiteInterpreterSetCustomAllocationForTensor(interpreter, input, &in, 1) == kTfLiteOk);
  CHECK(TfLiteInterpreterAllocateTensors(interpreter) == kTfLiteError); /* too small */
  in.bytes += 1;
  CHECK(TfLiteInterpreterSetCustomAllocationForTensor(interpreter, input, &in, 1) == kTfLiteOk);
  CHECK(TfLiteInterpreterSetCustomAllocationForTensor(interpreter, output, &in, 1) == kTfLiteOk);
  CHECK(TfLiteInterpreterAllocateTensors(interpreter) == kTfLiteError); /* the same memory */
  CHECK(TfLiteInterpreterSetCustomAllocationForTensor(interpreter, output, &out, 1) == kTfLiteOk);
  CHECK(TfLiteInterpreterInvoke(interpreter) == kTfLiteError); /* not allocated since */
  CHECK(TfLiteInterpreterAllocateTensors(interpreter) == kTfLiteOk);
  CHECK(TfLiteTensorData(TfLiteInterpreterGetInputTensor(interpreter, 0)) == lent_input);
  CHECK(TfLiteInterpreterGetInputTensor(interpreter, 0)->allocation_type == kTfLiteCustom);
  CHECK(TfLiteInterpreterInvoke(interpreter) == kTfLiteOk);
  CHECK(memcmp(lent_output, it->golden, it->golden_bytes) == 0);
  CHECK(memcmp(lent_input, it->input, it->input_bytes) == 0);
  TfLiteInterpreterDelete(interpreter);
  free(lent_input);
  free(lent_output);
}

static void memory_model(const Case* it) {
  size_t size;
  unsigned char* bytes = read_file(it->path, &size);
  TfLiteModel* model = TfLiteModelCreate(bytes, size);
  TfLiteInterpreter* first = TfLiteInterpreterCreate(model, NULL);
  TfLiteInterpreter* second = TfLiteInterpreterCreate(model, NULL);
  TfLiteModelDelete(model);
  memset(bytes, 0, size);
  free(bytes);
  CHECK(TfLiteInterpreterAllocateTensors(first) == kTfLiteOk);
  TfLiteInterpreterDelete(first);
  CHECK(TfLiteInterpreterAllocateTensors(second) == kTfLiteOk);
  memcpy(TfLiteTensorData(TfLiteInterpreterGetInputTensor(second, 0)), it->input, it->input_bytes);
  CHECK(TfLiteInterpreterInvoke(second) == kTfLiteOk);
  CHECK(memcmp(TfLiteTensorData(TfLiteInterpreterGetOutputTensor(second, 0)), it->golden, it->golden_bytes) == 0);
  TfLiteInterpreterDelete(second);
}

static void report_into(void* user_data, const char* format, va_list arguments) {
  vsnprintf(user_data, 512, format, arguments);
}

/* Percent signs of the text survive the reporter's formatting. */
static void reports(void) {
  char text[512] = "";
  CHECK(TfLiteModelCreateFromFileWithErrorReporter("/no/50%d%s%n.tflite", report_into, text) == NULL);
  CHECK(strstr(text, "/no/50%d%s%n.tflite") != NULL);
}

typedef struct Canceller {
  TfLiteInterpreter* interpreter;
  int done;
  int refused;
} Canceller;

static void* cancel_until_done(void* argument) {
  Canceller* it = argument;
  while (!__atomic_load_n(&it->done, __ATOMIC_ACQUIRE)) {
    it->refused |= TfLiteInterpreterCancel(it->interpreter) != kTfLiteOk;
  }
  return NULL;
}

static void cancelling(const Case* it) {
  Canceller canceller = {interpreter_of(it, true), 0, 0};
  pthread_t thread;
  int round, cancelled = 0;
  CHECK(TfLiteInterpreterAllocateTensors(canceller.interpreter) == kTfLiteOk);
  CHECK(TfLiteInterpreterCancel(canceller.interpreter) == kTfLiteOk);
  CHECK(TfLiteInterpreterInvoke(canceller.interpreter) == kTfLiteOk); /* that was before */
  CHECK(pthread_create(&thread, NULL, cancel_until_done, &canceller) == 0);
  for (round = 0; round < 1000 && !cancelled; ++round) {
    TfLiteStatus status = TfLiteInterpreterInvoke(canceller.interpreter);
    CHECK(status == kTfLiteOk || status == kTfLiteCancelled);
    cancelled = status == kTfLiteCancelled;
  }
  CHECK(cancelled);
  __atomic_store_n(&canceller.done, 1, __ATOMIC_RELEASE);
  pthread_join(thread, NULL);
  CHECK(!canceller.refused);
  memcpy(TfLiteTensorData(TfLiteInterpreterGetInputTensor(canceller.interpreter, 0)), it->input, it->input_bytes);
  CHECK(TfLiteInterpreterInvoke(canceller.interpreter) == kTfLiteOk);
  CHECK(memcmp(TfLiteTensorData(TfLiteInterpreterGetOutputTensor(canceller.interpreter, 0)), it->golden,
               it->golden_bytes) == 0);
  TfLiteInterpreterDelete(canceller.interpreter);
}

int main(int count, char** arguments) {
  size_t input_size, output_size;
  if (count != 4) {
    return 2;
  }
  unsigned char* input = read_file(arguments[2], &input_size);
  unsigned char* output = read_file(arguments[3], &output_size);
  Case it = {arguments[1], NULL, NULL, 0, 0};
  it.input = elements(input, input_size, &it.input_bytes);
  it.golden = elements(output, output_size, &it.golden_bytes);
  signatures(&it);
  custom_memory(&it);
  memory_model(&it);
  reports();
  cancelling(&it);
  free(input);
  free(output);
  return finish("behaviour");
}
