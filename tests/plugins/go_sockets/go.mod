module go_sockets

go 1.21
