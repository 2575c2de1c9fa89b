module sconectl/runtime

go 1.24
