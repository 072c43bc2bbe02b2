#!/bin/sh
# Makes the reports beside this file with the real tools: coverage.py 7.17.5, pytest-cov, Go 1.19, LLVM 14, JaCoCo 0.8.6, nyc, c8.
# usage: PYTHON=... NODE_BIN=.../node_modules/.bin ./make.sh
#   python3 -m venv v && v/bin/pip install coverage pytest pytest-cov; npm install nyc c8
#   apt-get install golang-go clang llvm libclang-rt-14-dev libjacoco-java default-jdk-headless
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=/srv/shop
rm -rf "$work" && mkdir -p "$work" && cp -r "$here"/sources/* "$work"
cd "$work/py"
run="$PYTHON -m pytest -q -p no:cacheprovider tests/shop_checks.py"
$run --cov=shop --cov-branch --cov-context=test --cov-report=xml:branch.xml --cov-report=json:branch.json --cov-report=lcov:branch.lcov --cov-report=
cp .coverage branch.data && $PYTHON -m coverage report --precision=6 > branch.txt
$PYTHON -m coverage erase && $PYTHON -m coverage run --source=shop -m pytest -q -p no:cacheprovider tests/shop_checks.py
$PYTHON -m coverage xml -q -o lines.xml && $PYTHON -m coverage json -q -o lines.json && $PYTHON -m coverage lcov -q -o lines.lcov
cp .coverage lines.data && $PYTHON -m coverage report --precision=6 > lines.txt
cp branch.* lines.* "$here"
cd "$work/go"
go test ./... -coverprofile=cover.out -covermode=count && go tool cover -func=cover.out > cover.txt
cp cover.out cover.txt "$here"
cd "$work/c"
clang -fprofile-instr-generate -fcoverage-mapping cart.c -o cart && LLVM_PROFILE_FILE=cart.profraw ./cart && llvm-profdata merge -o cart.profdata cart.profraw
llvm-cov export ./cart -instr-profile=cart.profdata > llvm.json && llvm-cov export -format=lcov ./cart -instr-profile=cart.profdata > llvm.lcov
llvm-cov report ./cart -instr-profile=cart.profdata > llvm.txt
cp llvm.* "$here"
cd "$work/js"
"$NODE_BIN/nyc" --include 'lib/**' --reporter=json --reporter=lcovonly --reporter=text --report-dir nyc node test.js > nyc.txt
"$NODE_BIN/c8" --include 'lib/**' --reporter=json --reporter=lcovonly --reporter=cobertura --reporter=text --report-dir c8 node test.js > c8.txt
cp nyc/coverage-final.json "$here/nyc.json" && cp nyc/lcov.info "$here/nyc.lcov" && cp nyc.txt c8.txt "$here"
cp c8/coverage-final.json "$here/c8.json" && cp c8/lcov.info "$here/c8.lcov" && cp c8/cobertura-coverage.xml "$here/c8.xml"
cd "$work/java"
jars=/usr/share/java
path=$jars/org.jacoco.core.jar:$jars/org.jacoco.report.jar:$jars/asm.jar:$jars/asm-commons.jar:$jars/asm-tree.jar:$jars/asm-analysis.jar
mkdir -p out tool && javac --release 11 -g -d out src/main/java/com/acme/shop/Cart.java
unzip -qo $jars/org.jacoco.agent.jar jacocoagent.jar && java -javaagent:jacocoagent.jar=destfile=jacoco.exec,sessionid=shop -cp out com.acme.shop.Cart
javac -cp "$path" -d tool MakeReport.java && java -cp "tool:$path" MakeReport
cp jacoco.xml "$here"
