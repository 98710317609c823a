# emvalid: validation of cryo-EM maps inside PostgreSQL.  `make help` lists the targets.
#
# Two kinds of goals live here.  Those of PGXS (all, install, installcheck, clean ...) need
# PostgreSQL's build files; the others (check, demo, unit, help ...) must work before those are
# installed, so PGXS is only included when one of its goals is asked for.

EXTENSION  = emvalid
MODULE_big = emvalid
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" $(EXTENSION).control)

PG_CONFIG ?= $(shell contrib/bootstrap/pg-config.sh)
# A run-of-the-mill C compiler for what is built without PGXS (which brings its own).
ifeq ($(origin CC),default)
CC = gcc
endif

LIBEM_SRCS := $(sort $(wildcard src/libem/*/*.c))
PG_SRCS    := $(sort $(wildcard src/pg/*.c))
OBJS       := $(LIBEM_SRCS:.c=.o) $(PG_SRCS:.c=.o)

LIBEM_LIBS  = -lcairo -lfftw3f -lgsl -lgslcblas -lz -lxxhash -lm -lpthread
# -Wno-psabi: vector types stay inside static functions, so their calling convention does not matter.
LIBEM_WARN  = -Wall -Wextra -Wmissing-prototypes -Wpointer-arith -Wvla -Wno-psabi
# No contraction: results must not depend on whether the compiler finds a multiply-add to fuse.
LIBEM_FLAGS = -std=gnu11 -ffp-contract=off -fno-strict-aliasing $(LIBEM_WARN) $(if $(WERROR),-Werror) -Isrc/libem

# One list of header dependencies per object, kept out of the source folders.
depfile  = build/dep/$(subst /,-,$@).d
makedeps = -MMD -MP -MF $(depfile)

# One word per file compiled; V=1 shows the commands.
quiet = $(if $(V),,@echo '  $(1) $@';)

JOBS ?= $(shell nproc 2>/dev/null || echo 2)
# Sub-makes run in parallel also when the user did not ask for it.
PARALLEL = $(MAKE) --no-print-directory $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(JOBS))

OWN_GOALS := help check demo train unit unit-build fuzz fuzz-replay fuzz-replay-build libem tools bench deps
own_goals := $(filter $(OWN_GOALS) build/%,$(MAKECMDGOALS))
pgxs_goals := $(filter-out $(OWN_GOALS) build/%,$(MAKECMDGOALS))

ifneq (,$(and $(own_goals),$(pgxs_goals)))

# Both kinds at once: one make for each, in the order asked for.
.NOTPARALLEL:
.PHONY: $(MAKECMDGOALS)
$(MAKECMDGOALS):
	@$(MAKE) --no-print-directory $@

else ifeq (,$(own_goals))

# ---------------------------------------------------------------- with PGXS
ifeq (,$(strip $(PG_CONFIG)))
ifneq (,$(filter clean distclean,$(MAKECMDGOALS)))
.PHONY: clean distclean
clean distclean:
	rm -rf build results regression.diffs regression.out $(OBJS) $(MODULE_big).so sql/$(EXTENSION)--$(EXTVERSION).sql
else
$(info PostgreSQL 15's build files were not found (pg_config is missing).)
$(info )
$(info Either let emvalid install what it needs and show what it does:)
$(info $() $() make demo)
$(info or install the packages yourself (Debian 12):)
$(info $() $() apt-get install $(shell contrib/bootstrap/install-deps.sh --list build))
$(info or name the pg_config of your own server:)
$(info $() $() make PG_CONFIG=/path/to/bin/pg_config)
$(info )
$(error no pg_config)
endif
else

DATA_built = sql/$(EXTENSION)--$(EXTVERSION).sql
DATA       = $(wildcard sql/updates/$(EXTENSION)--*--*.sql)
REGRESS    = $(filter-out $(EXTENSION)--%,$(patsubst sql/%.sql,%,$(sort $(wildcard sql/*.sql))))
EXTRA_CLEAN = build

PG_CPPFLAGS = -Isrc/libem -Isrc/pg
PG_CFLAGS   = -std=gnu11 -Wno-declaration-after-statement $(if $(WERROR),-Werror)
SHLIB_LINK  = $(LIBEM_LIBS)

# Just-in-time bitcode would need clang and gains nothing: no function here is worth inlining.
override with_llvm = no

PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# libem builds alone, with its own flags; nothing of it is visible outside the module.
$(LIBEM_SRCS:.c=.o): %.o: %.c | build/dep
	$(call quiet,CC)$(CC) -O3 -g $(LIBEM_FLAGS) -fPIC -fvisibility=hidden $(makedeps) -c -o $@ $<

$(PG_SRCS:.c=.o): %.o: %.c | build/dep
	$(call quiet,CC)$(CC) $(CFLAGS) $(CPPFLAGS) $(makedeps) -c -o $@ $<

build/dep:
	@mkdir -p $@

# A file that vanished or appeared changes the list of objects: link again.
$(shlib): build/objects.list
build/objects.list: FORCE | build/dep
	@echo '$(OBJS)' | cmp -s - $@ || echo '$(OBJS)' >$@
.PHONY: FORCE
FORCE:

# The install script is the parts in the order of their names.
SQL_PARTS := $(sort $(wildcard sql/parts/*.sql))
sql/$(EXTENSION)--$(EXTVERSION).sql: $(SQL_PARTS) $(EXTENSION).control build/parts.list
	@{ echo '-- Made by make from sql/parts; do not edit.'; \
	  for part in $(SQL_PARTS); do printf '\n-- ==== %s\n\n' "$$part"; cat "$$part"; done; } >$@.new
	@mv $@.new $@

build/parts.list: FORCE | build/dep
	@echo '$(SQL_PARTS)' | cmp -s - $@ || echo '$(SQL_PARTS)' >$@

-include $(wildcard build/dep/*.d)

endif

else

# ---------------------------------------------------------------- without PGXS
.PHONY: $(OWN_GOALS)

help:
	@sed 's/^  //' contrib/bootstrap/help.txt

deps:
	@contrib/bootstrap/install-deps.sh all

check:
	@contrib/bootstrap/check.sh $(STAGE)

demo:
	@contrib/bootstrap/demo.sh

bench:
	@contrib/bench/run $(BENCH_ARGS)

# Three builds of libem, each in its own folder:
#   plain   optimised, for the tools and whoever wants the library
#   san     address and undefined-behaviour sanitizers, for the unit tests and the fuzz corpora
#   fuzz    clang with libFuzzer's instrumentation
SANITIZE   = -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CC_plain    = $(CC)
FLAGS_plain = -O3 -g -fPIC
CC_san      = $(CC)
FLAGS_san   = -O1 -g $(SANITIZE)
CC_fuzz     = clang
FLAGS_fuzz  = -O2 -g $(SANITIZE) -fsanitize=fuzzer-no-link

define flavour
build/$(1)/%.o: %.c
	@mkdir -p $$(@D) build/dep
	$$(call quiet,CC)$$(CC_$(1)) $$(FLAGS_$(1)) $$(LIBEM_FLAGS) $$(makedeps) -c -o $$@ $$<

build/$(1)/libem.a: $$(LIBEM_SRCS:%.c=build/$(1)/%.o)
	@rm -f $$@
	$$(call quiet,AR)$$(AR) rcs $$@ $$^
endef
$(foreach f,plain san fuzz,$(eval $(call flavour,$(f))))
.PRECIOUS: build/plain/%.o build/san/%.o build/fuzz/%.o

libem:
	@$(PARALLEL) build/libem.a
build/libem.a: build/plain/libem.a
	@cp $< $@

# Tools: one program for each test/data/make_*.c; the other sources there are what they share.
TOOLS := $(patsubst test/data/%.c,build/tools/%,$(sort $(wildcard test/data/make_*.c)))
TOOL_PARTS := $(patsubst %.c,build/plain/%.o,$(filter-out test/data/make_%,$(sort $(wildcard test/data/*.c))))
tools:
	@$(PARALLEL) build/tools.done
build/tools.done: $(TOOLS)
	@touch $@
build/tools/%: build/plain/test/data/%.o $(TOOL_PARTS) build/plain/libem.a
	@mkdir -p $(@D)
	$(call quiet,LD)$(CC_plain) $(FLAGS_plain) -o $@ $^ $(LIBEM_LIBS)

# Programs of the benchmark, made by name: build/bench/NAME from contrib/bench/NAME.c.
build/bench/%: build/plain/contrib/bench/%.o build/plain/libem.a
	@mkdir -p $(@D)
	$(call quiet,LD)$(CC_plain) $(FLAGS_plain) -o $@ $^ $(LIBEM_LIBS)

# Unit tests: one program for each test/unit/test_*.c.
UNIT_TESTS := $(patsubst test/unit/%.c,build/unit/%,$(sort $(wildcard test/unit/test_*.c)))
unit: unit-build
	@prove --exec '' $(UNIT_TESTS)
unit-build:
	@$(PARALLEL) build/unit.done
build/unit.done: $(UNIT_TESTS)
	@touch $@
build/unit/%: build/san/test/unit/%.o build/san/libem.a
	@mkdir -p $(@D)
	$(call quiet,LD)$(CC_san) $(FLAGS_san) -o $@ $^ $(LIBEM_LIBS)

# Training of the weights in src/libem/learned (contrib/train/README.md): one program for each
# contrib/train/train_*.c, on what the other sources there share.  Needs gemmi-dev and tao-pegtl-dev.
MODELS ?= ../shared/models
CXX_plain    = g++ -std=c++17
TRAINERS    := $(patsubst contrib/train/%.c,build/train/%,$(sort $(wildcard contrib/train/train_*.c contrib/train/verify_*.c)))
TRAIN_PARTS := $(patsubst %.c,build/plain/%.o,$(filter-out contrib/train/train_% contrib/train/verify_%,$(sort $(wildcard contrib/train/*.c)))) \
               build/plain/contrib/train/atoms.o
train: $(TRAINERS)
	@contrib/train/train.sh $(MODELS)
build/train/%: build/plain/contrib/train/%.o $(TRAIN_PARTS) build/plain/libem.a
	@mkdir -p $(@D)
	$(call quiet,LD)$(CXX_plain) $(FLAGS_plain) -o $@ $^ $(LIBEM_LIBS)
build/plain/contrib/train/%.o: contrib/train/%.cc
	@mkdir -p $(@D) build/dep
	$(call quiet,CXX)$(CXX_plain) -O2 -g -MMD -MP -MF $(depfile) -c -o $@ $<
.PRECIOUS: build/plain/contrib/train/%.o

# Tests of contrib/train.
build/unit/test_weights: $(patsubst %,build/san/contrib/train/%.o,backprop safetensors safetensors_read)
build/unit/test_simulate: $(patsubst %,build/san/contrib/train/%.o,simulate simulate_map helices)
build/unit/test_local_resolution: $(patsubst %,build/san/contrib/train/%.o,simulate simulate_map helices split local_truth \
                                    local_rows) build/san/test/data/protein.o

# Fuzz harnesses test/fuzz/fuzz_*.c, each defining LLVMFuzzerTestOneInput.  replay.c runs one over
# files without libFuzzer, so that the corpora are part of every test run.
HARNESSES := $(patsubst test/fuzz/%.c,%,$(sort $(wildcard test/fuzz/fuzz_*.c)))
corpus     = test/fuzz/corpus/$(patsubst fuzz_%,%,$(1))
fuzz-replay: fuzz-replay-build
	@$(foreach h,$(HARNESSES),build/replay/$(h) $(call corpus,$(h)) &&) true
fuzz-replay-build:
	@$(PARALLEL) build/replay.done
build/replay.done: $(HARNESSES:%=build/replay/%)
	@touch $@
build/replay/%: build/san/test/fuzz/%.o build/san/test/fuzz/replay.o build/san/libem.a
	@mkdir -p $(@D)
	$(call quiet,LD)$(CC_san) $(FLAGS_san) -o $@ $^ $(LIBEM_LIBS)

# New findings go to build/fuzz-work; the corpora in the repository stay as they are.
FUZZ ?= $(HARNESSES)
FUZZ_RUNS ?= 1000000
fuzz:
	@$(PARALLEL) $(FUZZ:%=build/fuzzer/%)
	@set -e; for h in $(FUZZ); do \
	  mkdir -p build/fuzz-work/$$h; \
	  build/fuzzer/$$h -runs=$(FUZZ_RUNS) -artifact_prefix=build/fuzz-work/ \
	    build/fuzz-work/$$h test/fuzz/corpus/$${h#fuzz_}; \
	done
build/fuzzer/%: build/fuzz/test/fuzz/%.o build/fuzz/libem.a
	@mkdir -p $(@D)
	$(call quiet,LD)$(CC_fuzz) $(FLAGS_fuzz) -fsanitize=fuzzer -o $@ $^ $(LIBEM_LIBS)

-include $(wildcard build/dep/*.d)

endif
