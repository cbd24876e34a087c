# . install.sh BUILD FOLDER: installs, then moves the tree to FOLDER/moved here.  Sets PATH to what a user
# has, that tree and the system, and FileCheck's folder.
rm -rf "$2" && mkdir -p "$2"
/usr/bin/cmake --install "$1" --prefix "$2/first" >"$2/install.log" || { cat "$2/install.log"; exit 1; }
mv "$2/first" "$2/moved here"
PATH="$2/moved here/bin:/usr/bin:/bin:$(dirname "$(command -v FileCheck)")"

# build SOURCE BUILD [ARGUMENT...]: configures and builds; the log is printed when that fails.
build()
{
    source=$1 folder=$2
    shift 2
    { cmake -S "$source" -B "$folder" "$@" && cmake --build "$folder"; } >"$folder.log" 2>&1 ||
        { cat "$folder.log"; exit 1; }
}
