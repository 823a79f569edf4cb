/* What the test programs share: checks that count, and files. */
#ifndef CHECK_H_
#define CHECK_H_

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures = 0;
static int checks = 0;

/* Notes a failure and goes on. */
#define CHECK(condition)                                                          \
  do {                                                                            \
    ++checks;                                                                     \
    if (!(condition)) {                                                           \
      ++failures;                                                                 \
      fprintf(stderr, "FAILED: %s:%d: %s\n", __FILE__, __LINE__, #condition);     \
    }                                                                             \
  } while (0)

/* The end of a program: what it counted. */
static int finish(const char* name) {
  printf("%s: %d checks, %d failed\n", name, checks, failures);
  return failures == 0 ? 0 : 1;
}

/* All bytes of a file; ends the program where there are none. */
static inline unsigned char* read_file(const char* path, size_t* size) {
  FILE* file = fopen(path, "rb");
  long end = 0;
  unsigned char* bytes = NULL;
  if (file != NULL && fseek(file, 0, SEEK_END) == 0 && (end = ftell(file)) > 0 && fseek(file, 0, SEEK_SET) == 0) {
    bytes = malloc((size_t)end);
  }
  if (bytes == NULL || fread(bytes, 1, (size_t)end, file) != (size_t)end) {
    fprintf(stderr, "cannot read %s\n", path);
    exit(2);
  }
  fclose(file);
  *size = (size_t)end;
  return bytes;
}

/* The elements of a .npy file, which follow a header of the length that it begins with. */
static inline const unsigned char* elements(const unsigned char* file, size_t size, size_t* count) {
  size_t start = 0;
  if (size > 10 && memcmp(file, "\x93NUMPY\x01", 7) == 0) {
    start = 10 + (size_t)file[8] + 256 * (size_t)file[9];
  }
  if (start == 0 || start > size) {
    fprintf(stderr, "no .npy file\n");
    exit(2);
  }
  *count = size - start;
  return file + start;
}

#endif
