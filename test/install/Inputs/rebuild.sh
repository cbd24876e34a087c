# rebuild.sh GENERATOR [ARGUMENT OF BUILD...]: what makes a project compile its model again.
set -e
generator=$1
shift
folder="build $generator"
cmake -G "$generator" -S . -B "$folder" >"$folder.log" 2>&1 || { cat "$folder.log"; exit 1; }

step() # NAME ARGUMENT...
{
    name=$1
    shift
    cmake --build "$folder" "$@" >"$folder.log" 2>&1 || { cat "$folder.log"; exit 1; }
    if grep -q 'Compiling model my-digits' "$folder.log"; then echo "$name: compiled"; else echo "$name: idle"; fi
}

step first "$@"
"$folder/app" | sed 's/.*: //'
step again "$@"
touch digits.onnx
step model "$@"
touch samples/a.npy
step sample "$@"
step again "$@"
